/**
 * Makes the response out of what the subgraphs gave: the selected keys in the order of the query, and no other, with null where
 * the schema allows none passed upwards (GraphQL specification, "Value Completion"). Compiled from the operation once, run
 * for each response. It is made of what it is given: an object with just the selected keys, in their order, stays as it is, as most do.
 * What is given is not changed, for an object may stand in several places.
 */
import {
  type DocumentNode,
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isCompositeType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
  type OperationDefinitionNode,
} from 'graphql';
import { collectFields, collectSubfields } from 'graphql/execution/collectFields.js';
import { isObject, isPlain, type Json, ownValue, setOwn } from '../../common/json.ts';
import { fragmentsOf } from '../../server/graphql/fragments.ts';
import { leafCheck } from './leafValues.ts';
import type { PlanKey } from './planNames.ts';

/** A value that the schema does not allow, and where it stood. For the log: it may show what a subgraph said. */
export interface LostValue {
  readonly message: string;
  readonly path: readonly (string | number)[];
}

export interface Completed {
  /** Null: a root field that may not be null is. */
  readonly data: Json | null;
  /** The first hundred. */
  readonly lost: readonly LostValue[];
}

/** @param data nobody else's; it may become part of the response */
export type Complete = (data: Json) => Completed;

/** One response in the making. */
interface Run {
  readonly lost: LostValue[];
  /** Of the object or list that is being read. */
  readonly path: (string | number)[];
}

/** What stands for a value under `key`; undefined: nothing may, and what is above must go. */
type Read = (value: unknown, run: Run, key: string | number) => unknown;

/** @param variables those of `@skip` and `@include`; defaults included @param planKey under which each field was gathered */
export function compileCompletion(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
  planKey: PlanKey,
): Complete {
  const root = schema.getRootType(operation.operation);
  if (!root) throw new Error(`The schema has no ${operation.operation}.`);
  const fragments = fragmentsOf(document);
  const compiler: Compiler = {
    schema,
    planKey,
    fields: (type, nodes) => collectSubfields(schema, fragments, variables, type as GraphQLObjectType, nodes),
  };
  const fields = collectFields(schema, fragments, variables, root, operation.selectionSet);
  const read = compileFields(compiler, root, fields);
  return (data) => {
    const run: Run = { lost: [], path: [] };
    return { data: read(data, run) ?? null, lost: run.lost };
  };
}

type Fields = ReadonlyMap<string, readonly FieldNode[]>;

interface Compiler {
  readonly schema: GraphQLSchema;
  readonly planKey: PlanKey;
  /** What is selected below `nodes` on an object of the type. */
  readonly fields: (type: GraphQLCompositeType, nodes: readonly FieldNode[]) => Fields;
}

/** Undefined: a field that may not be null is. */
type ReadFields = (object: Json, run: Run) => Json | undefined;

function compileFields(compiler: Compiler, type: GraphQLCompositeType, fields: Fields): ReadFields {
  const parts = [...fields].flatMap(([key, nodes]): Part[] => {
    const [node] = nodes;
    if (!node) return [];
    const from = compiler.planKey(node);
    const names = { key, from, isPlain: isPlain(key) && isPlain(from) };
    const name = node.name.value;
    if (name === '__typename') return [{ ...names, read: typeNameOf(type) }];
    const field = 'getFields' in type ? type.getFields()[name] : undefined;
    if (!field) return []; // of the schema itself: no subgraph is asked
    return [{ ...names, read: compileType(compiler, field.type, nodes, `field ${type.name}.${name}`) }];
  });
  const isAllPlain = parts.every(({ key, from, isPlain: isFast }) => isFast && key === from);
  return (object, run) => {
    let result = isAllPlain && hasJust(object, parts) ? object : {};
    for (const { key, from, isPlain: isFast, read } of parts) {
      const value = read(isFast ? object[from] : ownValue(object, from), run, key);
      if (value === undefined) return undefined;
      if (!isFast) setOwn(result, key, value);
      else if (result !== object) result[key] = value;
      else if (value !== object[key]) {
        result = { ...object };
        result[key] = value;
      }
    }
    return result;
  };
}

/** One key of an object. */
interface Part {
  readonly key: string;
  /** The plan's key, under which the value was gathered. */
  readonly from: string;
  /** Both can be read and assigned as they are. */
  readonly isPlain: boolean;
  readonly read: Read;
}

/** Whether these are the keys of the object, in this order. */
function hasJust(object: Json, parts: readonly { readonly key: string }[]): boolean {
  let i = 0;
  for (const key in object) {
    if (parts[i]?.key !== key) return false;
    i += 1;
  }
  return i === parts.length;
}

function compileType(compiler: Compiler, type: GraphQLOutputType, nodes: readonly FieldNode[], what: string): Read {
  if (isNonNullType(type)) return nonNull(compileType(compiler, type.ofType, nodes, what), what);
  if (isListType(type)) return list(compileType(compiler, type.ofType, nodes, `an element of ${what}`), what);
  if (isLeafType(type)) {
    const check = leafCheck(type);
    return (value, run, key) => {
      if (value === null || value === undefined) return null;
      return check(value) ? value : lose(run, `Invalid value for ${what}`, key);
    };
  }
  return isObjectType(type) ? object(compiler, type, nodes, what) : abstract(compiler, type, nodes, what);
}

/** No object is of an abstract type, whatever a subgraph says. */
const typeNameOf =
  (type: GraphQLCompositeType): Read =>
  (_value, run, key) => {
    if (isObjectType(type)) return type.name;
    lose(run, `No certain type for an object of ${type.name}`, key);
    return undefined;
  };

const nonNull =
  (read: Read, what: string): Read =>
  (value, run, key) => {
    const before = run.lost.length;
    const result = read(value, run, key);
    if (result !== null) return result;
    if (run.lost.length === before) lose(run, `Null for ${what}, which may not be null`, key);
    return undefined;
  };

const list =
  (read: Read, what: string): Read =>
  (value, run, key) => {
    if (value === null || value === undefined) return null;
    if (!Array.isArray(value)) return lose(run, `No list for ${what}`, key);
    run.path.push(key);
    let isWhole = true;
    let result: unknown[] = value;
    for (let i = 0; i < value.length; i += 1) {
      const element = read(value[i], run, i);
      if (element === undefined) isWhole = false;
      else if (result !== value) result[i] = element;
      else if (element !== value[i]) result = value.with(i, element);
    }
    run.path.pop();
    return isWhole ? result : null;
  };

function object(compiler: Compiler, type: GraphQLObjectType, nodes: readonly FieldNode[], what: string): Read {
  const readFields = compileFields(compiler, type, compiler.fields(type, nodes));
  return (value, run, key) => {
    if (value === null || value === undefined) return null;
    if (!isObject(value)) return lose(run, `No object for ${what}`, key);
    if (value.__typename !== undefined && value.__typename !== type.name) {
      return lose(run, `An object of another type for ${what}`, key);
    }
    run.path.push(key);
    const result = readFields(value, run);
    run.path.pop();
    return result ?? null;
  };
}

/** By the `__typename` that every plan asks for where the type is not certain. */
function abstract(compiler: Compiler, type: GraphQLCompositeType, nodes: readonly FieldNode[], what: string): Read {
  const known = new Map<string, Read>();
  const compiled = (name: string): Read | undefined => {
    const found = known.get(name);
    if (found) return found;
    const actual = compiler.schema.getType(name);
    if (!isCompositeType(actual) || isUnionType(actual)) return undefined;
    const readFields = compileFields(compiler, actual, compiler.fields(actual, nodes));
    const read: Read = (value, run, key) => {
      run.path.push(key);
      const result = readFields(value as Json, run);
      run.path.pop();
      return result ?? null;
    };
    known.set(name, read);
    return read;
  };
  return (value, run, key) => {
    if (value === null || value === undefined) return null;
    if (!isObject(value)) return lose(run, `No object for ${what}`, key);
    const { __typename = type.name } = value;
    const read = typeof __typename === 'string' ? compiled(__typename) : undefined;
    return read ? read(value, run, key) : lose(run, `An object of no known type for ${what}`, key);
  };
}

/** In one response: more say nothing new, and a subgraph can give a hundred thousand. */
const MAX_LOST = 100;

function lose(run: Run, message: string, key: string | number): null {
  if (run.lost.length < MAX_LOST) run.lost.push({ message: `${message}.`, path: [...run.path, key] });
  return null;
}
