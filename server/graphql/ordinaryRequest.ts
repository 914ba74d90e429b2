/** GraphQL over HTTP as nearly everybody sends it: a query as JSON in the body of a POST, to be answered with JSON. */
import type { FastifyRequest } from 'fastify';
import { isObject, type Json } from '../../common/json.ts';

/** What a request asks. */
export interface GraphqlBody {
  readonly query: string;
  /** Values of JSON. */
  readonly variables?: Readonly<Json> | undefined;
  readonly operationName?: string | null | undefined;
}

export interface OrdinaryRequest extends GraphqlBody {
  readonly variables: Readonly<Json>;
  readonly extensions?: Readonly<Json> | undefined;
  /** What the answer is to be sent as. */
  readonly contentType: string;
}

/** The `Accept` headers of clients that are known to be many, and what Apollo Server answers them with. */
const CONTENT_TYPES = new Map([
  [undefined, 'application/json; charset=utf-8'],
  ['*/*', 'application/json; charset=utf-8'],
  ['application/json', 'application/json; charset=utf-8'],
  ['application/json, multipart/mixed', 'application/json; charset=utf-8'],
  ['application/graphql-response+json', 'application/graphql-response+json; charset=utf-8'],
  ['application/graphql-response+json, application/json', 'application/graphql-response+json; charset=utf-8'],
  ['application/graphql-response+json,application/json;q=0.9', 'application/graphql-response+json; charset=utf-8'],
]);

/** Undefined: it is another kind of request, or its members are not what they should be. */
export function readOrdinary({ method, headers, body }: FastifyRequest): OrdinaryRequest | undefined {
  const contentType = CONTENT_TYPES.get(headers.accept);
  if (method !== 'POST' || contentType === undefined || !isObject(body)) return undefined;
  const { query, operationName, variables, extensions } = body;
  if (typeof query !== 'string') return undefined;
  if (operationName !== undefined && operationName !== null && typeof operationName !== 'string') return undefined;
  if (!isAbsentOrObject(variables) || !isAbsentOrObject(extensions)) return undefined;
  if (extensions?.persistedQuery !== undefined) return undefined;
  return {
    ...{ query, contentType, variables: variables ?? {} },
    ...(typeof operationName === 'string' && { operationName }),
    ...(extensions && { extensions }),
  };
}

const isAbsentOrObject = (value: unknown): value is Json | null | undefined =>
  value === undefined || value === null || isObject(value);

/** An answer as Apollo Server writes it. */
export const answerText = (answer: object): string => `${JSON.stringify(answer)}\n`;
