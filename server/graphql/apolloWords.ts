/** Words, statuses and media types of Apollo Server, for requests that are not answered. */
import { type ApolloServer, type BaseContext, HeaderMap } from '@apollo/server';
import type { FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import type { AnswerBody, GraphqlAnswer } from './answer.ts';
import { searchOf } from './question.ts';

/** Part of Apollo Server that is asked. */
export type Wording<C> = Pick<ApolloServer<C & BaseContext>, 'executeHTTPGraphQLRequest'>;

type Asked = Pick<FastifyRequest, 'method' | 'headers' | 'url' | 'body'>;

/** Words the refusal of a request. Call it only for what was not answered: Apollo Server executes a valid query. */
export async function wordRefusal<C>(
  apollo: Wording<C>,
  { method, headers: { accept, 'content-type': contentType }, url, body: received }: Asked,
  context: C,
): Promise<GraphqlAnswer> {
  const headers = new HeaderMap();
  if (accept !== undefined) headers.set('accept', accept);
  if (contentType !== undefined) headers.set('content-type', contentType);
  const told = await apollo.executeHTTPGraphQLRequest({
    httpGraphQLRequest: { method, headers, search: searchOf(url), body: received },
    context: async () => context as C & BaseContext,
  });
  if (told.body.kind !== 'complete') throw new Error('A refusal comes whole');
  const body: AnswerBody = JSON.parse(told.body.string);
  return { status: told.status ?? 200, headers: Object.fromEntries(told.headers), body };
}

/** Media types of answers, by what clients accept, as Apollo Server chose them. */
const mediaTypes = new LRUCache<string, string>({ max: 100 });
const JSON_TYPE = 'application/json; charset=utf-8';
const RESPONSE_TYPE = 'application/graphql-response+json; charset=utf-8';
/** Media types for what most clients accept. */
const KNOWN = new Map([
  [undefined, JSON_TYPE],
  ['*/*', JSON_TYPE],
  ['application/json', JSON_TYPE],
  ['application/json, multipart/mixed', JSON_TYPE],
  ['application/graphql-response+json', RESPONSE_TYPE],
  ['application/graphql-response+json, application/json', RESPONSE_TYPE],
  ['application/graphql-response+json,application/json;q=0.9', RESPONSE_TYPE],
]);

/** Media type of the answer to a client that accepts this. Undefined: Apollo Server was not asked yet. */
export const mediaTypeFor = (accept: string | undefined): string | undefined =>
  KNOWN.get(accept) ?? (accept === undefined ? undefined : mediaTypes.get(accept));

/** Accepted beside JSON by clients of subscriptions, who are looked at anew each time. */
const STREAMS = /text\/event-stream|subscriptionSpec/i;

const NO_GRAPHQL = { query: '{' };
const NOT_ACCEPTABLE = 406;

/** Asks Apollo Server for the media type. It may refuse a client that accepts no JSON (406). */
export async function askForMediaType<C>(
  apollo: Wording<C>,
  { headers: { accept } }: Asked,
  context: C,
): Promise<string | GraphqlAnswer> {
  const headers = { accept, 'content-type': 'application/json' };
  const refusal = await wordRefusal(apollo, { method: 'POST', url: '/', headers, body: NO_GRAPHQL }, context);
  const type = refusal.headers['content-type'];
  if (refusal.status === NOT_ACCEPTABLE || type === undefined) return refusal;
  if (accept !== undefined && !STREAMS.test(accept)) mediaTypes.set(accept, type);
  return type;
}
