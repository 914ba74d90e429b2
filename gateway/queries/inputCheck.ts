/**
 * Checks of ids and list lengths before anything is planned or sent, in literals and variables, at any depth.
 * They look at one operation and its fragments: the others of its document are not run.
 * The supergraph's scalars check nothing, and a subgraph that refuses one id refuses the whole fetch.
 */
import {
  buildSchema,
  type DocumentNode,
  type GraphQLError,
  type GraphQLSchema,
  isScalarType,
  type OperationDefinitionNode,
  printSchema,
  ValuesOfCorrectTypeRule,
  validate,
  visit,
} from 'graphql';
import { getVariableValues } from 'graphql/execution/values.js';
import type { Json } from '../../common/json.ts';
import { cut } from '../../domain/cut.ts';
import { decidingVariables } from '../../server/graphql/conditions.ts';
import { ownDocument } from '../../server/graphql/fragments.ts';
import { scalars } from '../../server/graphql/scalars.ts';

/** Limits for ids, and for anything else that an argument lists. A mutation may plan an action on many chats. */
const MAX_LIST_LENGTH = { query: 100, subscription: 100, mutation: 1_000 };
const MAX_MESSAGE_CHARACTERS = 500;

/** The same schema, with scalars that check. */
export function strictSchema(schema: GraphQLSchema): GraphQLSchema {
  const strict = buildSchema(printSchema(schema), { assumeValid: true, noLocation: true });
  for (const [name, { parseValue, parseLiteral }] of Object.entries(scalars)) {
    const type = strict.getType(name);
    if (isScalarType(type)) Object.assign(type, { parseValue, parseLiteral });
  }
  return strict;
}

/** Fault in the variables or literals of an operation, as a sentence; undefined: none. */
export type FindBadInput = (variables: Readonly<Json>) => string | undefined;

/** @param schema a strict one, under whose lenient twin the document is valid */
export function compileInputCheck(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): FindBadInput {
  const most = MAX_LIST_LENGTH[operation.operation];
  const own = ownDocument(document, operation);
  const longestList = longestListIn(own);
  const conditions = decidingVariables(own);
  const [badLiteral] = longestList > most ? [] : validate(schema, own, [ValuesOfCorrectTypeRule], { maxErrors: 1 });
  return (variables) => {
    const tooLong = Math.max(longestList, longestListOf(variables));
    if (tooLong > most) return `A list may hold at most ${most} values. Received ${tooLong}.`;
    if (badLiteral) return sentence(badLiteral);
    const { errors, coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], variables, {
      maxErrors: 1,
    });
    if (errors?.[0]) return sentence(errors[0]);
    const unsaid = conditions.find((name) => coerced?.[name] === null);
    return unsaid === undefined ? undefined : nullCondition(unsaid);
  };
}

const sentence = ({ message }: GraphQLError) => cut(message, MAX_MESSAGE_CHARACTERS);

/** A variable with a default may have a nullable type in a place that takes no null. */
const nullCondition = (name: string) =>
  `Variable "$${name}" decides what is answered, so it must not be null: send true or false, or leave it out for its default.`;

function longestListIn(document: DocumentNode): number {
  let longest = 0;
  visit(document, {
    ListValue: ({ values }) => {
      longest = Math.max(longest, values.length);
    },
  });
  return longest;
}

/** Longest list at any depth. Needs no recursion: a client may nest as deep as a body is long. */
function longestListOf(value: unknown): number {
  const open = [value];
  let longest = 0;
  for (let next = open.pop(); open.length > 0 || next !== undefined; next = open.pop()) {
    if (typeof next !== 'object' || next === null) continue;
    if (Array.isArray(next)) longest = Math.max(longest, next.length);
    for (const below of Object.values(next)) if (typeof below === 'object') open.push(below);
  }
  return longest;
}
