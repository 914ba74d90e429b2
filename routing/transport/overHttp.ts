/** The way to a subgraph in another process: a POST with a token, over connections that are kept. */
import { LRUCache } from 'lru-cache';
import { Agent, type buildConnector, type Dispatcher } from 'undici';
import type { GraphqlBody } from '../../server/graphql/question.ts';
import { type Audience, signInternalToken } from '../../server/tokens/internalToken.ts';
import { inSpan, SpanKind, spanFailed, traceHeaders } from '../../server/tracing.ts';
import { exchange } from './exchange.ts';
import { type Asking, isMutation, type Reply, type Transport, VIA_HEADER } from './transport.ts';

/** Limit for an answer. A larger one is refused, not cut: a hundred chats with all that was written down of them need a tenth of it. */
export const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
/** Limit for the queries that are kept as they are sent. */
const MAX_KEPT_CHARACTERS = 100_000;
/** Limit for one process. More requests than that wait for a connection, within their deadline. */
const MAX_CONNECTIONS = 64;

/** Keeps connections to any number of processes. Whoever makes it closes it. */
export function makeDispatcher(
  connect: buildConnector.connector | { readonly timeout: number },
  maxAnswerBytes = MAX_ANSWER_BYTES,
): Dispatcher {
  return new Agent({
    connections: MAX_CONNECTIONS,
    connect,
    maxResponseSize: maxAnswerBytes,
    headersTimeout: 0, // every request has a deadline of its own
    bodyTimeout: 0,
  });
}

interface HttpPeer {
  readonly dispatcher: Dispatcher;
  readonly url: URL;
  readonly internalSecret: string;
  /** Audience of its tokens. */
  readonly audience: Audience;
  /** Name of the subgraph. For traces. */
  readonly peer: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds after which a request ends in any case. Costs less than a signal that does it. */
  readonly timeoutMs?: number;
}

export const overHttp =
  ({ internalSecret, audience, ...to }: HttpPeer): Transport =>
  async (question, asking) => {
    const token = await signInternalToken(internalSecret, audience, asking.caller);
    const mayRepeat = !isMutation(question);
    return sendOverHttp({ ...to, token, method: 'POST', body: textOf(question), mayRepeat }, asking);
  };

interface Sending extends Omit<HttpPeer, 'internalSecret' | 'audience'> {
  /** Bearer token. */
  readonly token: string;
  readonly method: 'GET' | 'POST';
  /** JSON. Undefined: none is sent. */
  readonly body?: string | undefined;
  /** False: the request may change something, and is sent once. */
  readonly mayRepeat: boolean;
}

/** Sends one request, and notes it in the trace. Never rejects for what the other side does. */
export function sendOverHttp(
  { dispatcher, url, token, peer, headers, method, body, mayRepeat, timeoutMs }: Sending,
  { requestId, signal, via }: Omit<Asking, 'caller'>,
): Promise<Reply> {
  const attributes = {
    ...{ 'http.request.method': method, 'peer.service': peer },
    ...{ 'server.address': url.hostname, 'server.port': Number(url.port) || undefined },
  };
  return inSpan(`${method} ${peer}`, { kind: SpanKind.CLIENT, attributes }, async (span) => {
    const own = {
      ...headers,
      ...(requestId !== undefined && { 'x-request-id': requestId }),
      ...viaHeader(via),
      ...traceHeaders(),
    };
    const list = ['authorization', `Bearer ${token}`, ...JSON_HEADERS];
    for (const [name, value] of Object.entries(own)) list.push(name, value);
    const reply = await exchange({ dispatcher, url, method, headers: list, body, mayRepeat, signal, timeoutMs });
    if (reply.status === 'OK') span.setAttribute('http.response.status_code', reply.httpStatus);
    else span.setAttribute('error.type', reply.status === 'UNREACHABLE' ? reply.what : reply.status);
    if (reply.status !== 'OK' || reply.httpStatus >= 400) spanFailed(span);
    return reply;
  });
}

const viaHeader = (via: string | undefined) => via !== undefined && { [VIA_HEADER]: via };

const JSON_HEADERS = ['content-type', 'application/json', 'accept', 'application/json'];

const queries = new LRUCache<string, string>({ maxSize: MAX_KEPT_CHARACTERS, sizeCalculation: (text) => text.length });

/** JSON. The same few queries are sent over and over, and are written once. */
function textOf({ query, variables, operationName }: GraphqlBody): string {
  let text = queries.get(query);
  if (text === undefined) {
    text = JSON.stringify(query);
    queries.set(query, text);
  }
  const name = typeof operationName !== 'string' ? '' : `,"operationName":${JSON.stringify(operationName)}`;
  return `{"query":${text}${name},"variables":${JSON.stringify(variables ?? {})}}`;
}
