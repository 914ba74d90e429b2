/**
 * The execution of a query by the resolvers of a schema, compiled once for an operation and run for each request.
 * It answers as graphql-js' `execute` (GraphQL specification, "Execution"). That collects the fields anew for each object, and
 * waits for a promise of each list and object. Its objects have no prototype, so all that is done with them later takes
 * longer.
 */
import {
  type DocumentNode,
  defaultFieldResolver,
  defaultTypeResolver,
  type FieldNode,
  type GraphQLAbstractType,
  GraphQLError,
  type GraphQLField,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getArgumentValues,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type OperationDefinitionNode,
} from 'graphql';
import { collectFields, collectSubfields } from 'graphql/execution/collectFields.js';
import { LRUCache } from 'lru-cache';
import { isObject, isPlain, type Json } from '../../common/json.ts';
import { decidingVariables } from './conditions.ts';
import { fragmentsOf } from './fragments.ts';
import { fail, LOST, orNull, type Place, type Run, settlePlace } from './places.ts';

export interface Execution {
  /** Null: a root field that may not be null is. */
  readonly data: Json | null;
  readonly errors: readonly GraphQLError[];
}

/** @param variables as the schema has them, defaults included. Never rejects. */
export type Execute<C> = (variables: Readonly<Json>, context: C) => Promise<Execution>;

/** Limit for the plans of one operation, by the values of the variables in its `@skip` and `@include`. */
const MAX_PLANS = 16;

/** @param document valid @param operation a query of it */
export function compileExecution<C>(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): Execute<C> {
  const root = schema.getQueryType();
  if (!root) throw new Error('The schema has no query.');
  const fragments = fragmentsOf(document);
  const deciding = decidingVariables(document);
  const plans = new LRUCache<string, ObjectPlan>({ max: MAX_PLANS });
  const planFor = (variables: Readonly<Json>): ObjectPlan => {
    const key = deciding.length === 0 ? '' : JSON.stringify(deciding.map((name) => variables[name]));
    const known = plans.get(key);
    if (known) return known;
    const selected = collectFields(schema, fragments, variables, root, operation.selectionSet);
    const plan = planObject({ schema, fragments, operation, variables }, root, selected);
    plans.set(key, plan);
    return plan;
  };
  return async (variables, context) => {
    const run: Run = { context, variables, errors: [], open: 0, isLost: false, finish: () => {} };
    let data: unknown;
    try {
      data = executeFields(planFor(variables), undefined, run, undefined);
    } catch (error) {
      return { data: null, errors: [error as GraphQLError] }; // the fields of the root cannot be collected
    }
    if (run.open > 0 && !run.isLost) {
      await new Promise<void>((resolve) => {
        run.finish = resolve;
      });
    }
    return { data: run.isLost ? null : (data as Json), errors: run.errors };
  };
}

interface Compiling {
  readonly schema: GraphQLSchema;
  readonly fragments: GraphQLResolveInfo['fragments'];
  readonly operation: OperationDefinitionNode;
  readonly variables: Readonly<Json>;
}

/** Reads one field of an object. @returns its value, LOST, or undefined while it is waited for */
type Read = (source: unknown, run: Run, of: Place | undefined, holder: Json) => unknown;

interface ObjectPlan {
  readonly fields: readonly { readonly key: string; readonly read: Read }[];
  /** Object with all keys in their order: a copy of it takes less time than adding each. */
  readonly template: Readonly<Json>;
  readonly isPlain: boolean;
}

function planObject(
  compiling: Compiling,
  type: GraphQLObjectType,
  selected: ReadonlyMap<string, readonly FieldNode[]>,
): ObjectPlan {
  const known = type.getFields();
  const fields = [...selected].flatMap(([key, nodes]) => {
    const name = nodes[0]?.name.value ?? '';
    if (name === '__typename') return [{ key, read: () => type.name }];
    const field = known[name];
    return field ? [{ key, read: compileField({ compiling, parent: type, field, nodes }, key) }] : [];
  });
  const template = Object.fromEntries(fields.map(({ key }) => [key, undefined]));
  return { fields, template, isPlain: fields.every(({ key }) => isPlain(key)) };
}

/** @param place of the object; undefined: it is the root */
function executeFields(plan: ObjectPlan, source: unknown, run: Run, place: Place | undefined): Json | typeof LOST {
  const object: Json = plan.isPlain ? { ...plan.template } : Object.create(null);
  for (const { key, read } of plan.fields) {
    const value = read(source, run, place, object);
    if (value === LOST) return LOST;
    object[key] = value;
  }
  return object;
}

/** Field of a type, as it is selected. */
interface Selected {
  readonly compiling: Compiling;
  readonly parent: GraphQLObjectType;
  readonly field: GraphQLField<unknown, unknown>;
  readonly nodes: readonly FieldNode[];
}

function compileField(selected: Selected, key: string): Read {
  const { parent, field, nodes } = selected;
  const { name, args, type, resolve = defaultFieldResolver } = field;
  const [node] = nodes as readonly [FieldNode];
  const complete = compileValue(selected, type);
  const isNullable = !isNonNullType(type);
  const typename = parent.name;
  const placeIn = (prev: Place | undefined, holder: Json): Place => ({
    prev,
    key,
    typename,
    holder,
    isNullable,
    isLost: false,
  });
  const resolved: Read = (source, run, prev, holder) => {
    const place = placeIn(prev, holder);
    try {
      const given = args.length > 0 ? getArgumentValues(field, node, run.variables) : {};
      return put(resolve(source, given, run.context, infoOf(selected, run, place)), run, place, complete, nodes);
    } catch (error) {
      return fail(run, place, nodes, error);
    }
  };
  const leaf = isNonNullType(type) ? type.ofType : type;
  if (field.resolve || !isLeafType(leaf)) return resolved;
  return (source, run, prev, holder) => {
    const value = isObject(source) ? source[name] : undefined;
    if (typeof value === 'function' || isPromise(value)) return resolved(source, run, prev, holder);
    try {
      return complete(value, run, undefined);
    } catch (error) {
      return fail(run, placeIn(prev, holder), nodes, error);
    }
  };
}

const infoOf = ({ compiling, parent, field, nodes }: Selected, run: Run, path: Place): GraphQLResolveInfo => ({
  fieldName: field.name,
  fieldNodes: nodes,
  returnType: field.type,
  parentType: parent,
  path,
  schema: compiling.schema,
  fragments: compiling.fragments,
  rootValue: undefined,
  operation: compiling.operation,
  variableValues: run.variables,
});

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';

/** Completes what was found, now or when it is there. @returns undefined while it is waited for */
function put(found: unknown, run: Run, place: Place, complete: Complete, nodes: readonly FieldNode[]): unknown {
  try {
    if (!isPromise(found)) return orNull(complete(found, run, place), place);
  } catch (error) {
    return fail(run, place, nodes, error);
  }
  run.open += 1;
  found.then(
    (value) => settlePlace(run, place, put(value, run, place, complete, nodes)),
    (error: unknown) => settlePlace(run, place, fail(run, place, nodes, error)),
  );
  return undefined;
}

/**
 * Completes a value by its type.
 * @param place unset only for leaves
 * @returns JSON, LOST, or undefined while it is waited for
 * @throws what is wrong with the value
 */
type Complete = (value: unknown, run: Run, place: Place | undefined) => unknown;

function compileValue(selected: Selected, type: GraphQLOutputType): Complete {
  if (!isNonNullType(type)) {
    const complete = compileNullable(selected, type);
    return (value, run, place) => {
      if (value instanceof Error) throw value;
      return value === null || value === undefined ? null : complete(value, run, place);
    };
  }
  const complete = compileValue(selected, type.ofType);
  return (value, run, place) => {
    const completed = complete(value, run, place);
    if (completed !== null) return completed;
    throw new Error(`Cannot return null for non-nullable field ${nameOf(selected)}.`);
  };
}

const nameOf = ({ parent, field }: Selected) => `${parent.name}.${field.name}`;

function compileNullable(selected: Selected, type: GraphQLOutputType): Complete {
  if (isListType(type)) return completeList(selected, type.ofType);
  if (isLeafType(type)) return completeLeaf(type);
  if (isAbstractType(type)) return completeAbstract(selected, type);
  if (isObjectType(type)) return completeObject(selected, type);
  throw new Error(`${nameOf(selected)} has no output type`);
}

function completeLeaf(type: GraphQLLeafType): Complete {
  return (value) => {
    const serialized = type.serialize(value);
    if (serialized !== null && serialized !== undefined) return serialized;
    throw new Error(`Expected \`${type.name}.serialize\` to return a value, returned: ${serialized}`);
  };
}

function completeList(selected: Selected, type: GraphQLOutputType): Complete {
  const complete = compileValue(selected, type);
  const isNullable = !isNonNullType(type);
  return (value, run, prev) => {
    if (!isList(value))
      throw new GraphQLError(`Expected Iterable, but did not find one for field "${nameOf(selected)}".`);
    const holder: unknown[] = [];
    for (const item of value) {
      const place: Place = { prev, key: holder.length, typename: undefined, holder, isNullable, isLost: false };
      const completed = put(item, run, place, complete, selected.nodes);
      if (completed === LOST) return LOST;
      holder.push(completed);
    }
    return holder;
  };
}

const isList = (value: unknown): value is Iterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.iterator in value;

function completeObject({ compiling, nodes }: Selected, type: GraphQLObjectType): Complete {
  let plan: ObjectPlan | undefined;
  const { schema, fragments, variables } = compiling;
  return (value, run, place) => {
    plan ??= planObject(compiling, type, collectSubfields(schema, fragments, variables, type, nodes));
    return executeFields(plan, value, run, place);
  };
}

/** The type of an object is known once its value is. */
function completeAbstract(selected: Selected, type: GraphQLAbstractType): Complete {
  const { schema } = selected.compiling;
  const resolveType = type.resolveType ?? defaultTypeResolver;
  const known = new Map<string, Complete>();
  const completeAs = (name: unknown): Complete => {
    const complete = known.get(String(name));
    if (complete) return complete;
    const actual = typeof name === 'string' ? schema.getType(name) : undefined;
    if (!isObjectType(actual) || !schema.isSubType(type, actual)) {
      throw new GraphQLError(
        `Abstract type "${type.name}" must resolve to an Object type at runtime for field "${nameOf(selected)}".`,
      );
    }
    const made = completeObject(selected, actual);
    known.set(actual.name, made);
    return made;
  };
  return (value, run, place) => {
    if (!place) throw new Error('An object has a place');
    const name = resolveType(value, run.context, infoOf(selected, run, place), type);
    const complete: Complete = (found) => completeAs(found)(value, run, place);
    return isPromise(name) ? put(name, run, place, complete, selected.nodes) : complete(name, run, place);
  };
}
