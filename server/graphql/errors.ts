/** The codes of GraphQL errors that cross processes, and the errors that carry them. The contract fixes their names. */
import { GraphQLError, type GraphQLFormattedError } from 'graphql';

export const ERROR_CODES = [
  'UNAUTHENTICATED',
  'AUTHENTICATION_UNAVAILABLE',
  'FORBIDDEN',
  'BAD_USER_INPUT',
  'NOT_FOUND',
  'REPLICA_UNREACHABLE',
  'REPLICA_TIMED_OUT',
  'REPLICA_UNKNOWN',
  'REPLICA_REFUSED',
  'FIELD_UNSUPPORTED',
  'DATABASE_UNAVAILABLE',
  'QUERY_TIMED_OUT',
  'SCHEMA_UNSUPPORTED',
  'VALUE_UNREADABLE',
  'RUNTIME_DISABLED',
  'QUERY_TOO_COMPLEX',
  'RATE_LIMITED',
  'INTERNAL_SERVER_ERROR',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** True for the codes above: their messages were written for clients. */
export const isErrorCode = (code: unknown): code is ErrorCode => (ERROR_CODES as readonly unknown[]).includes(code);

/** An error that a client may read: a code for the program, a sentence for the person. */
export function clientError(code: ErrorCode, message: string, extensions: Record<string, unknown> = {}): GraphQLError {
  return new GraphQLError(message, { extensions: { ...extensions, code } });
}

/** The same, for a request that is refused as a whole: the HTTP status and headers go with it. */
export function requestError(
  code: ErrorCode,
  message: string,
  http: { status: number; headers?: ReadonlyMap<string, string> },
): GraphQLError {
  return new GraphQLError(message, { extensions: { code, http: { headers: new Map<string, string>(), ...http } } });
}

/** No or no valid token. Says nothing about what was wrong with it. */
export const unauthenticated = () =>
  requestError('UNAUTHENTICATED', 'This needs a valid token: send it as `Authorization: Bearer …`.', {
    status: 401,
    headers: new Map([['www-authenticate', 'Bearer']]),
  });

/** The identity provider's keys are out of reach: whether the token is good is not known, and asking again may help. */
export const authenticationUnavailable = () =>
  requestError('AUTHENTICATION_UNAVAILABLE', 'The token cannot be checked at the moment. Try again.', {
    status: 503,
    headers: new Map([['retry-after', '5']]),
  });

/** What GraphQL itself finds wrong with a document; the message speaks of nothing but that document. */
const DOCUMENT_CODES = [
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_REQUEST',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_SUPPORTED',
  'PERSISTED_QUERY_NOT_FOUND',
];

/** Whether a client is told no more of an error with this code than that it happened. */
export const isMasked = (code: unknown): boolean =>
  isErrorCode(code) ? code === 'INTERNAL_SERVER_ERROR' : !DOCUMENT_CODES.includes(code as string);

/**
 * What a client may see of an error: all of one with a code of ours or of GraphQL's; of any other, only that it happened.
 * A scalar's own refusal of a literal keeps its code: GraphQL would have it that the document is wrong, not the value.
 */
export function maskError(formatted: GraphQLFormattedError, error?: unknown): GraphQLFormattedError {
  const cause = error instanceof GraphQLError ? error.originalError : undefined;
  if (cause instanceof GraphQLError && cause.extensions.code === 'BAD_USER_INPUT') {
    return { ...formatted, extensions: { ...formatted.extensions, code: 'BAD_USER_INPUT' } };
  }
  if (!isMasked(formatted.extensions?.code)) return formatted;
  return {
    message: 'Something went wrong in the service. Its log says what.',
    ...(formatted.path ? { path: formatted.path } : {}),
    extensions: { code: 'INTERNAL_SERVER_ERROR' },
  };
}
