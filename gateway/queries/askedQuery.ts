/**
 * What a request over HTTP asks for, read as Apollo Server will read it; what it will refuse anyway is nothing. By hand: every
 * request passes here, and a schema of zod with defaults for what is missing took longer than all else before the query is looked at.
 */
import type { FastifyRequest } from 'fastify';
import { isObject } from '../../common/json.ts';

export interface AskedQuery {
  readonly query?: string | undefined;
  readonly operationName?: string | undefined;
  /** As the client sent them. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly extensions: { readonly persistedQuery?: { readonly sha256Hash: string } | undefined };
}

/** The body of a POST, the URL's parameters otherwise. */
export function readAskedQuery(request: FastifyRequest): AskedQuery {
  if (request.method === 'POST') return readAsked(isObject(request.body) ? request.body : {});
  const parameters = new URL(request.url, 'http://gateway/').searchParams;
  const one = (name: string) =>
    parameters.getAll(name).length === 1 ? (parameters.get(name) ?? undefined) : undefined;
  return readAsked({
    query: one('query'),
    operationName: one('operationName') || undefined,
    variables: fromJson(one('variables')),
    extensions: fromJson(one('extensions')),
  });
}

type Members = Readonly<Record<string, unknown>>;

function readAsked({ query, operationName, variables, extensions }: Members): AskedQuery {
  return {
    query: textOf(query),
    operationName: textOf(operationName),
    variables: isObject(variables) ? variables : {},
    extensions: isObject(extensions) ? { persistedQuery: persistedQueryOf(extensions) } : {},
  };
}

function persistedQueryOf({ persistedQuery }: Members): AskedQuery['extensions']['persistedQuery'] {
  const sha256Hash = isObject(persistedQuery) ? textOf(persistedQuery.sha256Hash) : undefined;
  return sha256Hash === undefined ? undefined : { sha256Hash };
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined);

function fromJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
