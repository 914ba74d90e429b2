/**
 * The completion of a response out of the subgraphs' data, compiled once for an operation and run for each response.
 * It has the selected keys in the order of the query, and no other. Null moves up where the schema allows none (GraphQL
 * specification, "Value Completion").
 * An object with just the selected keys in their order stays as it is, as most do. Data is never changed, since an
 * object may stand in several places.
 */
import { type DocumentNode, type GraphQLSchema, isObjectType, type OperationDefinitionNode } from 'graphql';
import { isObject, isPlain, type Json, ownValue, setOwn } from '../../common/json.ts';
import { fragmentsOf } from '../../server/graphql/fragments.ts';
import { fieldsOf, type ObjectShape, shapeOf, type ValueShape } from '../../server/graphql/selection.ts';
import type { PlanKey } from './planNames.ts';

/** A value that the schema does not allow, and where it stood. For the log: it may show what a subgraph said. */
export interface LostValue {
  readonly message: string;
  readonly path: readonly (string | number)[];
}

interface Completed {
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
  /** Path of the object or list that is being read. */
  readonly path: (string | number)[];
}

/** Value for what stands under `key`; undefined: nothing may stand there, and what is above must go. */
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
  const selecting = { schema, variables, fragments: fragmentsOf(document), gatheredAs: planKey };
  const read = compileObject(shapeOf(selecting, root, fieldsOf(selecting, root, operation.selectionSet)));
  return (data) => {
    const run: Run = { lost: [], path: [] };
    return { data: read(data, run) ?? null, lost: run.lost };
  };
}

/** Undefined: a field that may not be null is. */
type ReadFields = (object: Json, run: Run) => Json | undefined;

function compileObject(shape: ObjectShape): ReadFields {
  const parts = shape.fields.map(({ key, from, name, value }): Part => {
    const isFast = isPlain(key) && isPlain(from);
    return { key, from, isPlain: isFast, read: compileValue(value, shape, `field ${shape.type.name}.${name}`) };
  });
  const isAllPlain = shape.isPlain && parts.every(({ key, from }) => key === from);
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

/** True if these are the keys of the object, in this order. */
function hasJust(object: Json, parts: readonly { readonly key: string }[]): boolean {
  let i = 0;
  for (const key in object) {
    if (parts[i]?.key !== key) return false;
    i += 1;
  }
  return i === parts.length;
}

/** @param of the object that holds the value @param what the value is, for the log */
function compileValue(value: ValueShape, of: ObjectShape, what: string): Read {
  if (value.kind === 'typename') return typeNameOf(of);
  const read = compileNullable(value, of, what);
  return value.isNullable ? read : nonNull(read, what);
}

function compileNullable(value: Exclude<ValueShape, { kind: 'typename' }>, of: ObjectShape, what: string): Read {
  switch (value.kind) {
    case 'leaf': {
      const { ofAnswer } = value.rules;
      return (found, run, key) => {
        if (found === null || found === undefined) return null;
        return ofAnswer(found) ? found : lose(run, `Invalid value for ${what}`, key);
      };
    }
    case 'list':
      return list(compileValue(value.item, of, `an element of ${what}`), what);
    case 'abstract':
      return abstract(value, what);
    default:
      return object(value.object, what);
  }
}

/** No object is of an abstract type, whatever a subgraph says. */
const typeNameOf =
  ({ type }: ObjectShape): Read =>
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

function object(shape: ObjectShape, what: string): Read {
  const { name } = shape.type;
  const readFields = compileObject(shape);
  return (value, run, key) => {
    if (value === null || value === undefined) return null;
    if (!isObject(value)) return lose(run, `No object for ${what}`, key);
    if (value.__typename !== undefined && value.__typename !== name) {
      return lose(run, `An object of another type for ${what}`, key);
    }
    run.path.push(key);
    const result = readFields(value, run);
    run.path.pop();
    return result ?? null;
  };
}

/** Reads by the `__typename` that every plan asks for where the type is not certain. */
function abstract(value: Extract<ValueShape, { kind: 'abstract' }>, what: string): Read {
  const known = new Map<ObjectShape, ReadFields>();
  return (found, run, key) => {
    if (found === null || found === undefined) return null;
    if (!isObject(found)) return lose(run, `No object for ${what}`, key);
    const { __typename = value.name } = found;
    const shape = typeof __typename === 'string' ? value.of(__typename) : undefined;
    if (!shape) return lose(run, `An object of no known type for ${what}`, key);
    const readFields = known.get(shape) ?? compileObject(shape);
    known.set(shape, readFields);
    run.path.push(key);
    const result = readFields(found, run);
    run.path.pop();
    return result ?? null;
  };
}

/** Limit for one response: more say nothing new, and a subgraph can give a hundred thousand. */
const MAX_LOST = 100;

function lose(run: Run, message: string, key: string | number): null {
  if (run.lost.length < MAX_LOST) run.lost.push({ message: `${message}.`, path: [...run.path, key] });
  return null;
}
