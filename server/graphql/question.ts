/** Question of a request over HTTP, read once. */
import type { FastifyRequest } from 'fastify';
import { isObject, type Json } from '../../common/json.ts';

/** Question as one process puts it to another. */
export interface GraphqlBody {
  readonly query: string;
  /** Variables as JSON values. */
  readonly variables?: Readonly<Json> | undefined;
  readonly operationName?: string | null | undefined;
}

/** Question as a client may put it, with the id of a listed operation in place of its text. */
export interface Question extends Omit<GraphqlBody, 'query'> {
  readonly query?: string | undefined;
  readonly extensions?: Readonly<Json> | null | undefined;
  /** True if it stood in a URL: it may change nothing. */
  readonly isInUrl?: boolean;
}

/** Reads the body of a POST, or the parameters of a URL. Undefined: one of them is not what it should be. */
export function readQuestion({ method, url, headers, body }: FastifyRequest): Question | undefined {
  if (method === 'POST') return isObject(body) ? questionOf(body) : undefined;
  const { 'content-type': type = JSON_TYPE } = headers;
  const question = JSON_BODY.test(type) ? questionOf(parametersOf(url)) : undefined;
  return question && { ...question, isInUrl: true };
}

/** Request that puts a question, as it would come over HTTP. */
export const asPosted = ({ query, variables, operationName }: GraphqlBody) => ({
  method: 'POST',
  url: '/graphql',
  headers: { 'content-type': JSON_TYPE },
  body: { query, variables: variables ?? null, operationName: operationName ?? null },
});

const JSON_TYPE = 'application/json';
const JSON_BODY = /^\s*application\/json\s*(;|$)/i;

/** Checks by hand: every request passes here, and a schema of zod took longer than all else before the query. */
function questionOf({ query, operationName, variables, extensions }: Json): Question | undefined {
  if (query && typeof query !== 'string') return undefined;
  const text = typeof query === 'string' && query !== '' ? query : undefined;
  if (operationName !== undefined && operationName !== null && typeof operationName !== 'string') return undefined;
  if (!isAbsentOrObject(variables) || !isAbsentOrObject(extensions)) return undefined;
  return {
    query: text,
    operationName: operationName === '' ? undefined : operationName,
    variables: variables ?? undefined,
    extensions,
  };
}

const isAbsentOrObject = (value: unknown): value is Json | null | undefined =>
  value === undefined || value === null || isObject(value);

/** Reads the four parameters. One that comes twice, or is no JSON where it should be, becomes what no question may hold. */
function parametersOf(url: string): Json {
  const parameters = new URLSearchParams(searchOf(url));
  const one = (name: string, read: (text: string) => unknown = (text) => text): unknown => {
    const [first, ...more] = parameters.getAll(name);
    return first === undefined ? undefined : more.length > 0 ? UNREADABLE : read(first);
  };
  return {
    query: one('query'),
    operationName: one('operationName'),
    variables: one('variables', fromJson),
    extensions: one('extensions', fromJson),
  };
}

const UNREADABLE = Symbol('unreadable');

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text) ?? UNREADABLE;
  } catch {
    return UNREADABLE;
  }
}

/** Part of a URL from the `?` on. Empty: there is none. */
export const searchOf = (url: string): string => (url.includes('?') ? url.slice(url.indexOf('?')) : '');
