/** The codes of GraphQL errors that cross processes, and their errors. The contract fixes the names. */
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
  'RECORDER_UNAVAILABLE',
  'OPERATOR_UNAVAILABLE',
  'ACTIONS_DISABLED',
  'ACTION_UNCERTAIN',
  'QUERY_TIMED_OUT',
  'SCHEMA_UNSUPPORTED',
  'VALUE_UNREADABLE',
  'RUNTIME_DISABLED',
  'QUERY_TOO_COMPLEX',
  'RATE_LIMITED',
  'TOO_MANY_STREAMS',
  'STOPPING',
  'SCHEMA_CHANGED',
  'INTERNAL_SERVER_ERROR',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** True for the codes above: their messages were written for clients. */
const isErrorCode = (code: unknown): code is ErrorCode => (ERROR_CODES as readonly unknown[]).includes(code);

/** An error that a client may read: a code for the program, a sentence for the person. */
export function clientError(code: ErrorCode, message: string, extensions: Record<string, unknown> = {}): GraphQLError {
  return new GraphQLError(message, { extensions: { ...extensions, code } });
}

/** Codes of GraphQL's own errors on a document; their messages speak only of that document. */
const DOCUMENT_CODES = [
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_REQUEST',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_SUPPORTED',
  'PERSISTED_QUERY_NOT_FOUND',
] as const;

export type DocumentCode = (typeof DOCUMENT_CODES)[number];

/** An error on a document that GraphQL's validation lets pass: it refuses the whole request. */
export const documentError = (code: DocumentCode, message: string): GraphQLError =>
  new GraphQLError(message, { extensions: { code, http: { status: 400, headers: new Map() } } });

/** Error of an operation that is no query, though its document may be valid. @param kind `mutation` or `subscription` */
export const noQuery = (kind: string): GraphQLError =>
  documentError('GRAPHQL_VALIDATION_FAILED', `No ${kind} is answered in this form.`);

/** True if a client is told no more of an error with this code than that it happened. */
export const isMasked = (code: unknown): boolean =>
  isErrorCode(code) ? code === 'INTERNAL_SERVER_ERROR' : !(DOCUMENT_CODES as readonly unknown[]).includes(code);

/**
 * Error as a client may see it: whole with a code of ours or of GraphQL's; otherwise only that it happened.
 * A scalar's own refusal of a literal keeps its code. GraphQL would blame the document and not the value.
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

/**
 * GraphQLError for any error of an execution. Execution passes on what has a `path` already, or came before the first
 * field.
 */
export function asGraphqlError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) return error;
  const originalError = error instanceof Error ? error : new Error(String(error));
  return new GraphQLError(originalError.message, { originalError });
}

/** Formats an error. Without a code it gets one; its words for HTTP are not for its reader. */
export function formatError(error: GraphQLError): GraphQLFormattedError {
  const { extensions } = error;
  const told: Record<string, unknown> = { ...extensions, code: extensions.code ?? 'INTERNAL_SERVER_ERROR' };
  if (isHttpHead(extensions.http)) delete told.http;
  return maskError({ ...error.toJSON(), extensions: told }, error);
}

/** HTTP status and headers of an answer with these errors: the last status that one names, and the headers of all. */
export function httpOf(errors: readonly GraphQLError[]): { status: number; headers: Record<string, string> } {
  const head = { status: 200, headers: {} };
  for (const { extensions } of errors) {
    if (!isHttpHead(extensions.http)) continue;
    head.status = extensions.http.status || head.status;
    Object.assign(head.headers, Object.fromEntries(extensions.http.headers ?? []));
  }
  return head;
}

interface HttpHead {
  readonly status?: number;
  readonly headers?: ReadonlyMap<string, string>;
}

function isHttpHead(value: unknown): value is HttpHead {
  if (typeof value !== 'object' || value === null) return false;
  if ('status' in value && typeof value.status !== 'number') return false;
  return !('headers' in value) || value.headers instanceof Map;
}
