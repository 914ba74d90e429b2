/** A worker as the conformance kit asks it: over HTTP, with the time that each answer took. */
import { type Clock, deadlineSignal } from '../../common/clock.ts';
import { isObject, type Json, parsedJson } from '../../common/json.ts';
import { CHATS_PATH, REPLICA_PATH } from '../../domain/protocol/paths.ts';

/** What came back. Status 0: nothing, for the reason in `text`. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  /** The JSON; undefined: it is none. */
  readonly json: unknown;
  readonly ms: number;
}

interface Question {
  /** Text of a POST to the chats. Undefined: a GET of the replica. */
  readonly body?: string;
  /** Query string, added to that of the address. */
  readonly search?: string;
  /** Bearer token; null: none. Undefined: the right one. */
  readonly token?: string | null;
}

export interface Worker {
  readonly workerId: string;
  /** Longest time for an answer, in milliseconds. */
  readonly timeoutMs: number;
  ask(question?: Question): Promise<Answer>;
  askChats(chatIds: readonly string[]): Promise<Answer>;
  /** A good token for another worker. Undefined: workers are asked with a shared key, and there is none. */
  readonly otherToken: string | undefined;
}

export interface WorkerOptions {
  readonly url: string;
  readonly timeoutMs: number;
  /** Makes the token for a worker, once its id is known. */
  readonly tokenFor: (workerId: string) => Promise<string>;
  /** Whether tokens differ from worker to worker. */
  readonly hasTokens: boolean;
  readonly workerId: string;
  readonly clock: Clock;
}

export async function makeWorker(options: WorkerOptions): Promise<Worker> {
  const { timeoutMs, tokenFor, hasTokens, workerId, clock } = options;
  const right = await tokenFor(workerId);
  const ask = async ({ body, search, token = right }: Question = {}): Promise<Answer> => {
    const begunMs = clock.monotonicMs();
    const deadline = deadlineSignal(10 * timeoutMs);
    try {
      const response = await fetch(endpoint(options.url, body === undefined ? REPLICA_PATH : CHATS_PATH, search), {
        ...{ method: body === undefined ? 'GET' : 'POST', redirect: 'manual', signal: deadline.signal },
        headers: { 'content-type': 'application/json', ...(token !== null && { authorization: `Bearer ${token}` }) },
        ...(body !== undefined && { body }),
      });
      const text = await textOf(response);
      const type = response.headers.get('content-type')?.split(';', 1)[0] ?? 'no content type';
      return { status: response.status, type, text, json: parsedJson(text), ms: clock.monotonicMs() - begunMs };
    } catch (error) {
      const late = deadline.signal.aborted ? `no answer within ${10 * timeoutMs} ms` : reasonOf(error);
      return { status: 0, type: '', text: late, json: undefined, ms: clock.monotonicMs() - begunMs };
    } finally {
      deadline.clear();
    }
  };
  return {
    ...{ workerId, timeoutMs },
    ask,
    askChats: (chatIds) => ask({ body: JSON.stringify({ chatIds }) }),
    otherToken: hasTokens ? await tokenFor('00000000-0000-4000-8000-000000000001') : undefined,
  };
}

/** Bytes of an answer that are read. */
export const MAX_BYTES = 4 * 1024 * 1024;

/** Text of an answer; of one that is too large, a little more than is read. */
async function textOf({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_BYTES) break; // which ends the connection
  }
  return Buffer.concat(chunks).toString();
}

/** URL under the relay address, whose own path and query string are kept, as the gateway keeps them. */
function endpoint(address: string, path: string, search = ''): URL {
  const url = new URL(address);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${path}`;
  url.search = [url.search.slice(1), search].filter(Boolean).join('&');
  return url;
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return 'no answer';
  return 'code' in cause ? String(cause.code) : cause.message;
}

/** What came back, in a few words. */
export const inShort = ({ status, type, text }: Answer): string =>
  status === 0 ? text : `HTTP ${status}, ${type}, ${Buffer.byteLength(text)} bytes`;

/** Entries of an answer about chats. */
export const chatsIn = ({ json }: Answer): Json[] =>
  isObject(json) && Array.isArray(json.chats) ? json.chats.filter(isObject) : [];
