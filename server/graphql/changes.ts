/**
 * The comparison of two answers to one query, compiled once for an operation. Pure.
 * Fields with `@clock` in the schema do not count, apart from whether they are null: ages, durations, and words for what
 * other fields say.
 */
import type { DocumentNode, GraphQLFormattedError, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { isObject, type Json, ownValue } from '../../common/json.ts';
import type { AnswerBody } from './answer.ts';
import { decidingVariables, defaultsOf } from './conditions.ts';
import { fragmentsOf } from './fragments.ts';
import { fieldsOf, type ObjectShape, shapeOf, type ValueShape } from './selection.ts';

/** True if nothing that counts has changed from one answer to the next. */
export type IsSame = (before: AnswerBody, after: AnswerBody) => boolean;

/**
 * @param schema of clients, by which the document is valid
 * @param clockFields fields with `@clock`, as `Type.field`
 * @returns the comparison for the variables of a request
 */
export function compileIsSame(
  schema: GraphQLSchema,
  clockFields: ReadonlySet<string>,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): (variables: Readonly<Json>) => IsSame {
  const deciding = decidingVariables(document);
  const defaults = defaultsOf(operation);
  const known = new Map<string, IsSame>();
  return (given) => {
    const variables = { ...defaults, ...given };
    const key = JSON.stringify(deciding.map((name) => variables[name]));
    const found = known.get(key) ?? compile(schema, clockFields, document, operation, variables);
    if (known.size < MAX_KNOWN) known.set(key, found);
    return found;
  };
}

/** Limit for the comparisons of one operation, by the values of the variables in its `@skip` and `@include`. */
const MAX_KNOWN = 16;

function compile(
  schema: GraphQLSchema,
  clockFields: ReadonlySet<string>,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Json>,
): IsSame {
  const root = schema.getRootType(operation.operation);
  if (!root) throw new Error(`The schema has no ${operation.operation}.`);
  const selecting = { schema, variables, fragments: fragmentsOf(document) };
  const sameData = compileValue(
    {
      kind: 'object',
      isNullable: true,
      object: shapeOf(selecting, root, fieldsOf(selecting, root, operation.selectionSet)),
    },
    clockFields,
  );
  return (before, after) => sameErrors(before.errors, after.errors) && sameData(before.data, after.data);
}

/** True if two values under the same key are the same as far as they count. */
type Same = (before: unknown, after: unknown) => boolean;

function compileValue(value: ValueShape, clockFields: ReadonlySet<string>): Same {
  switch (value.kind) {
    case 'object':
    case 'given':
      return compileObject(value.object, clockFields);
    case 'list':
      return compileList(compileValue(value.item, clockFields));
    case 'abstract': {
      const known = new Map<string, Same>();
      return (before, after) => {
        if (!isObject(before) || !isObject(after)) return isDeepSame(before, after);
        const name = String(after.__typename);
        const shape = value.of(name);
        const same = known.get(name) ?? (shape ? compileObject(shape, clockFields) : isDeepSame);
        known.set(name, same);
        return before.__typename === after.__typename && same(before, after);
      };
    }
    case 'leaf':
    case 'typename':
      return isDeepSame;
    default:
      return value satisfies never;
  }
}

function compileObject({ type, fields }: ObjectShape, clockFields: ReadonlySet<string>): Same {
  const parts = fields.map(({ key, name, value }) => {
    const same = clockFields.has(`${type.name}.${name}`) ? isNullAlike : compileValue(value, clockFields);
    return { key, same };
  });
  return (before, after) => {
    if (!isObject(before) || !isObject(after)) return before === after;
    return parts.every(({ key, same }) => same(ownValue(before, key), ownValue(after, key)));
  };
}

const compileList =
  (same: Same): Same =>
  (before, after) => {
    if (!Array.isArray(before) || !Array.isArray(after)) return before === after;
    return before.length === after.length && before.every((element, i) => same(element, after[i]));
  };

const isNullAlike: Same = (before, after) => ((before ?? null) === null) === ((after ?? null) === null);

/** Compares leaves, of which a JSON scalar may hold anything. */
const isDeepSame: Same = (before, after) =>
  before === after ||
  (typeof before === 'object' && typeof after === 'object' && JSON.stringify(before) === JSON.stringify(after));

/** Compares where errors are and what they are about: their words may hold times. */
function sameErrors(
  before: readonly GraphQLFormattedError[] = [],
  after: readonly GraphQLFormattedError[] = [],
): boolean {
  if (before.length === 0 && after.length === 0) return true;
  const about = (errors: readonly GraphQLFormattedError[]) =>
    errors.map(({ path, extensions }) => JSON.stringify([path, extensions])).sort();
  return JSON.stringify(about(before)) === JSON.stringify(about(after));
}
