/**
 * The scalars of every subgraph. JSON and SafeInt are those of graphql-scalars, DateTime with another form of its answer.
 * UUID is our own: theirs keeps the case, and accepts half a brace.
 */
import { GraphQLError, GraphQLScalarType, Kind, print } from 'graphql';
import { GraphQLDateTime, GraphQLSafeInt } from 'graphql-scalars';
import { parseUuid } from '../../common/uuid.ts';
import { cut } from '../../domain/cut.ts';

const SHOWN_CHARACTERS = 60;

/**
 * Id of an input.
 * @throws GraphQLError `BAD_USER_INPUT`
 */
export function requireUuid(value: unknown): string {
  return parseUuid(value) ?? refuse(textOf(value));
}

/** Sentence on what an id is, for a client that sent something else. */
export const noUuid = (received: string): string =>
  `An id is 8-4-4-4-12 hexadecimal digits, such as 0b6f2c9e-5f0a-4c39-9b0e-6d1f0c2a7e55. Received ${cut(received, SHOWN_CHARACTERS)}.`;

/** Value as JSON, as far as that can be written. */
function textOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return 'a value that is nested too deep';
  }
}

function refuse(received: string): never {
  throw new GraphQLError(noUuid(received), { extensions: { code: 'BAD_USER_INPUT' } });
}

const UUID = new GraphQLScalarType<string, string>({
  name: 'UUID',
  serialize: (value) => {
    const id = parseUuid(value);
    if (id === undefined) throw new TypeError('A resolver answered something that is no UUID');
    return id;
  },
  parseValue: requireUuid,
  parseLiteral: (node) => (node.kind === Kind.STRING ? requireUuid(node.value) : refuse(print(node))),
});

/** Scalar whose answer is JSON's form of a Date, so that an answer holds JSON values before it is written. */
const DateTime = new GraphQLScalarType<Date, string | null>({
  ...GraphQLDateTime.toConfig(),
  serialize: (value) => GraphQLDateTime.serialize(value).toJSON(),
});

/** Scalars among the resolvers for `buildSubgraphSchema`. */
export const scalars = { UUID, DateTime, SafeInt: GraphQLSafeInt };

export { GraphQLJSON as JSON } from 'graphql-scalars';
