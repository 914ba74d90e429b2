/** One GraphQL request to another process of the system, over connections that are kept. Never throws: what came of it is data. */
import { Agent, type buildConnector, type Dispatcher, errors, request } from 'undici';
import { inSpan, SpanKind, spanFailed, traceHeaders } from '../../common/tracing.ts';

/** Larger answers are refused, not cut: a hundred chats with all that was written down of them need a tenth of it. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
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
  /** `query`, `variables`, `operationName`. */
  readonly body: unknown;
  /** Ends the request: its deadline, and the client that goes away. */
  readonly signal: AbortSignal;
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
    const posted = await sendAndRead(post);
    if (posted.kind === 'json') span.setAttribute('http.response.status_code', posted.status);
    else span.setAttribute('error.type', posted.kind === 'broken' ? posted.code : posted.kind);
    if (posted.kind !== 'json' || posted.status >= 400) spanFailed(span);
    return posted;
  });
}

async function sendAndRead(post: Post): Promise<Posted> {
  const { signal } = post;
  if (signal.aborted) return { kind: 'aborted' }; // undici would connect first
  try {
    const response = await send(post).catch((error: unknown) => {
      if (signal.aborted || !CLOSED_CODES.includes(codeOf(error))) throw error;
      return send(post);
    });
    const mediaType = mediaTypeOf(response.headers['content-type']);
    const text = await response.body.text().catch((error: unknown) => {
      if (signal.aborted || !CLOSED_CODES.includes(codeOf(error))) throw error;
      return undefined;
    });
    if (text === undefined) return { kind: 'other', what: `HTTP ${response.statusCode}, ${mediaType}, cut short` };
    return read(response.statusCode, mediaType, text);
  } catch (error) {
    if (signal.aborted) return { kind: 'aborted' };
    if (error instanceof errors.ResponseExceededMaxSizeError) {
      return { kind: 'other', what: 'more bytes than are read' };
    }
    if (error instanceof errors.HTTPParserError) return { kind: 'other', what: 'no HTTP' };
    return { kind: 'broken', code: codeOf(error) };
  }
}

/**
 * The connection was closed. Before a byte of the answer: a kept one is, when its server stops just as a request is on its
 * way. All requests here only read, so sending one once more is safe; to a server that is gone it fails at once. Later,
 * the answer is cut.
 */
const CLOSED_CODES = ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'];

const send = ({ dispatcher, url, token, headers, body, signal }: Post) =>
  request(url, {
    dispatcher,
    method: 'POST',
    headers: {
      ...headers,
      ...traceHeaders(),
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json',
    },
    body: JSON.stringify(body),
    signal,
  });

function read(status: number, mediaType: string, text: string): Posted {
  const what = `HTTP ${status}, ${mediaType}`;
  if (!/^application\/(.+\+)?json$/.test(mediaType)) return { kind: 'other', what };
  try {
    return { kind: 'json', status, mediaType, body: JSON.parse(text) };
  } catch {
    return { kind: 'other', what: `${what}, ${text === '' ? 'empty' : 'not valid JSON'}` };
  }
}

/** Only what may be shown to anyone: a content type is text from outside. */
function mediaTypeOf(header: string | string[] | undefined): string {
  const value =
    String(header ?? '')
      .split(';', 1)[0]
      ?.trim()
      .toLowerCase() ?? '';
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
