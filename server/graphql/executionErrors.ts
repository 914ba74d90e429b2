/** What becomes of the errors of an executed operation, as Apollo Server has it. */
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { maskError } from './errors.ts';

/** What errors have to say about the HTTP answer that tells of them. */
export interface HttpHead {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
}

const OK: HttpHead = { status: 200, headers: new Map() };

/** Not every error that execution gives is a GraphQLError: it hands on as it is what has a `path` already, or came before the first field. */
export function asGraphqlError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) return error;
  const originalError = error instanceof Error ? error : new Error(String(error));
  return new GraphQLError(originalError.message, { originalError });
}

/** An error without a code gets one; what it says for HTTP is not for its reader. */
export function formatError(error: GraphQLError): GraphQLFormattedError {
  const { extensions } = error;
  const told: Record<string, unknown> = { ...extensions, code: extensions.code ?? 'INTERNAL_SERVER_ERROR' };
  if (isHttpHead(extensions.http)) delete told.http;
  return maskError({ ...error.toJSON(), extensions: told }, error);
}

/** The last status that an error names, and the headers of all. */
export function httpOf(errors: readonly GraphQLError[]): HttpHead {
  let { status, headers } = OK;
  for (const { extensions } of errors) {
    if (!isHttpHead(extensions.http)) continue;
    status = extensions.http.status || status;
    headers = new Map([...headers, ...(extensions.http.headers ?? [])]);
  }
  return { status, headers };
}

function isHttpHead(value: unknown): value is Partial<HttpHead> {
  if (typeof value !== 'object' || value === null) return false;
  if ('status' in value && typeof value.status !== 'number') return false;
  return !('headers' in value) || value.headers instanceof Map;
}
