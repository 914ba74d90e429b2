/** One GraphQL request to another process of the system, over connections that are kept. Never throws: what came of it is data. */

import { LRUCache } from 'lru-cache';
import { Agent, type buildConnector, type Dispatcher, errors } from 'undici';
import type { StopSignal } from '../../common/stopSignal.ts';
import type { GraphqlBody } from '../../server/graphql/question.ts';
import { inSpan, SpanKind, spanFailed, traceHeaders } from '../../server/tracing.ts';
import { type Exchanged, type ExchangeOptions, exchange, type Head, isClosed } from './exchange.ts';

/** Larger answers are refused, not cut: a hundred chats with all that was written down of them need a tenth of it. */
export const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
/** Of queries that are kept as they are sent. */
const MAX_KEPT_CHARACTERS = 100_000;
/** To one process. More requests than that wait for a connection, within their deadline. */
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

export interface Post {
  readonly dispatcher: Dispatcher;
  readonly url: URL;
  /** The internal token. */
  readonly token: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Who is asked: the name of the subgraph. For traces. */
  readonly peer: string;
  readonly body: GraphqlBody;
  /** Ends the request: its deadline, and the client that goes away. */
  readonly signal?: StopSignal | undefined;
  /** Milliseconds after which it ends in any case. Costs less than a signal that does it. */
  readonly timeoutMs?: number;
}

/** `other`: an answer, but no JSON; `what` says in words what it is. `broken`: no connection, or not to the end. */
export type Posted =
  | { readonly kind: 'json'; readonly status: number; readonly mediaType: string; readonly body: unknown }
  | { readonly kind: 'other'; readonly what: string }
  | { readonly kind: 'broken'; readonly code: string }
  | { readonly kind: 'aborted' };

/** Redirects are not followed: an answer that is one is `other`. */
export function postGraphql(post: Post): Promise<Posted> {
  const attributes = {
    ...{ 'http.request.method': 'POST', 'peer.service': post.peer },
    ...{ 'server.address': post.url.hostname, 'server.port': Number(post.url.port) || undefined },
  };
  return inSpan(`POST ${post.peer}`, { kind: SpanKind.CLIENT, attributes }, async (span) => {
    const posted = read(await exchange(requestFor(post)));
    if (posted.kind === 'json') span.setAttribute('http.response.status_code', posted.status);
    else span.setAttribute('error.type', posted.kind === 'broken' ? posted.code : posted.kind);
    if (posted.kind !== 'json' || posted.status >= 400) spanFailed(span);
    return posted;
  });
}

function requestFor({ dispatcher, url, token, headers = {}, body, signal, timeoutMs }: Post): ExchangeOptions {
  const list = ['authorization', `Bearer ${token}`, 'content-type', 'application/json', 'accept', 'application/json'];
  for (const [name, value] of Object.entries(headers)) list.push(name, value);
  for (const [name, value] of Object.entries(traceHeaders())) list.push(name, value);
  return { dispatcher, url, headers: list, body: textOf(body), signal, timeoutMs };
}

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

function read(exchanged: Exchanged): Posted {
  switch (exchanged.kind) {
    case 'whole':
      return readWhole(exchanged.head, exchanged.text);
    case 'aborted':
      return exchanged;
    case 'failed': {
      const { error, head } = exchanged;
      if (head && isClosed(error)) return { kind: 'other', what: `${describeHead(head)}, cut short` };
      if (error instanceof errors.ResponseExceededMaxSizeError) {
        return { kind: 'other', what: 'more bytes than are read' };
      }
      if (error instanceof errors.HTTPParserError) return { kind: 'other', what: 'no HTTP' };
      return { kind: 'broken', code: codeOf(error) };
    }
    default:
      return exchanged satisfies never;
  }
}

const describeHead = ({ status, contentType }: Head) => `HTTP ${status}, ${mediaTypeOf(contentType)}`;

function readWhole(head: Head, text: string): Posted {
  const mediaType = mediaTypeOf(head.contentType);
  if (!/^application\/(.+\+)?json$/.test(mediaType)) return { kind: 'other', what: describeHead(head) };
  try {
    return { kind: 'json', status: head.status, mediaType, body: JSON.parse(text) };
  } catch {
    return { kind: 'other', what: `${describeHead(head)}, ${text === '' ? 'empty' : 'not valid JSON'}` };
  }
}

/** Only what may be shown to anyone: a content type is text from outside. */
function mediaTypeOf(contentType: string): string {
  const value = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return /^[a-z]+\/[a-z0-9.+-]{1,60}$/.test(value) ? value : 'no content type';
}

/** The error's code alone: its message holds the address. */
function codeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  return /^[A-Z][A-Z0-9_]{1,40}$/.test(code) ? code : 'no code';
}

/** For the log: what came, without what was in it. */
export function describePosted(posted: Posted): string {
  switch (posted.kind) {
    case 'json':
      return `HTTP ${posted.status}, ${posted.mediaType}`;
    case 'other':
      return posted.what;
    case 'broken':
      return posted.code;
    case 'aborted':
      return 'no answer in time';
    default:
      return posted satisfies never;
  }
}
