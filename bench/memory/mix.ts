/** Requests to a gateway over a long time: by many callers, in many ways, some of them refused. */
import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { READ_ALL } from '../../server/tokens/internalToken.ts';
import { SHAPES } from '../gateway/shapes.ts';

export interface MixedRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** HTTP's, of the answer; undefined: the client goes away before there is one. */
  readonly status: number | undefined;
}

/** More than any cache of callers holds. */
const CALLERS = 5_000;
const CHATS = 1_000;
/** Prime, so that everybody asks for everything. */
const STEP = 7_919;
const JSON_TYPE = { 'content-type': 'application/json', accept: 'application/json' };
const [FIELD, SNAPSHOT, FIFTY] = SHAPES.map(({ query }) => query);
const DIAGNOSIS =
  'query ($chat: UUID!) { chatDebugSnapshot(chatId: $chat) { diagnosis { verdict summary findings { code message } } } }';

/** Signs tokens of as many callers, every other one of whom may read everything. */
export async function signTokens(secret: string): Promise<string[]> {
  const key = new TextEncoder().encode(secret);
  const sign = (i: number) =>
    new SignJWT({ exp: 99_999_999_999, sub: randomUUID(), roles: i % 2 === 0 ? [READ_ALL] : [] })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(key);
  return Promise.all(Array.from({ length: CALLERS }, (_, i) => sign(i)));
}

const chatId = (i: number) => `cccccccc-0000-4000-8000-${((i * STEP) % CHATS).toString(16).padStart(12, '0')}`;

/** The `i`-th request. One in forty has a document that nobody has sent before and is answered, another such is refused. */
export function mixedRequest(i: number, tokens: readonly string[]): MixedRequest {
  const identity = { authorization: `Bearer ${tokens[(i * STEP) % tokens.length]}` };
  const post = (query: string | undefined, variables: object, status: number | undefined = 200): MixedRequest => ({
    ...{ method: 'POST', path: '/graphql', headers: { ...JSON_TYPE, ...identity }, status },
    body: JSON.stringify({ query, variables }),
  });
  const get = (path: string): MixedRequest => ({
    method: 'GET',
    path,
    headers: { ...JSON_TYPE, ...identity },
    status: 200,
  });
  const chat = chatId(i);
  if (i % 1_000 === 999) return post(FIFTY, { chats: [chat] }, undefined);
  switch (i % 20) {
    case 0:
      return post(FIFTY, { chats: Array.from({ length: 50 }, (_, j) => chatId(i + j)) });
    case 1:
    case 2:
      return post(SNAPSHOT, { chat });
    case 3:
      return post(DIAGNOSIS, { chat });
    case 4:
      return get(`/api/experimental/chats/${chat}/debug/snapshot`);
    case 5:
      return get(`/graphql?${new URLSearchParams({ query: `{ chatDebugSnapshot(chatId: "${chat}") { chatId } }` })}`);
    case 6:
      return newDocument(i, post);
    case 7:
      return post(FIELD, { chat: 'no id' }, 400);
    case 8:
      return post('{ chatDebugSnapshot { noSuchField } }', {}, 400);
    case 9:
      return post(`{ ${'chatDebugSnapshot '.repeat(1_500)}}`, {}, 400);
    case 10:
      return { ...post(FIELD, { chat }, 401), headers: JSON_TYPE };
    default:
      return post(FIELD, { chat });
  }
}

type Post = (query: string, variables: object, status?: number) => MixedRequest;

/** Odd rounds of the mix have one that is valid, the others one that is not. */
function newDocument(i: number, post: Post): MixedRequest {
  const field = i % 40 < 20 ? 'noSuchField' : 'status snapshotVersion';
  const query = `query ($chat: UUID!) { chatDebugSnapshot(chatId: $chat) { of${i}: executionState database { ${field} } runtime { localWorkerId } } }`;
  return post(query, { chat: chatId(i) }, i % 40 < 20 ? 400 : 200);
}

/** The `i`-th of those that fill every cache: each has a document that nobody has sent before. */
export const fillingRequest = (i: number, tokens: readonly string[]): MixedRequest => mixedRequest(i * 40 + 26, tokens);
