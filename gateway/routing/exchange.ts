/** One HTTP request and the whole of its answer, over undici's connections; `request` of undici would make a stream of it. */

import type { Dispatcher } from 'undici';
import { whenOver } from '../../common/clock.ts';
import type { StopSignal } from '../../common/stopSignal.ts';

export interface ExchangeOptions {
  readonly dispatcher: Dispatcher;
  readonly url: URL;
  /** Name, value, name, value. */
  readonly headers: string[];
  readonly body: string;
  /** Ends the exchange. */
  readonly signal: StopSignal;
  /** Milliseconds until it ends in any case; undefined: no limit. */
  readonly timeoutMs?: number | undefined;
}

/** What has come of an answer: its `text` once that is whole. */
export interface Head {
  readonly status: number;
  /** Of its header; empty when there is none. */
  readonly contentType: string;
}

/** `failed`: the connection broke, or what came over it is no HTTP or too much; `head` if the answer had begun. */
export type Exchanged =
  | { readonly kind: 'whole'; readonly head: Head; readonly text: string }
  | { readonly kind: 'failed'; readonly head: Head | undefined; readonly error: Error }
  | { readonly kind: 'aborted' };

/**
 * POSTs the body; once more if the connection was closed before a byte of the answer: a kept one is, when its server stops just
 * as a request is on its way. All requests here only read, so that is safe; to a server that is gone it fails at once. Never
 * rejects; resolves at once when the signal aborts or the time is over, and closes the connection then.
 */
export function exchange(options: ExchangeOptions): Promise<Exchanged> {
  const { dispatcher, url, headers, body, signal, timeoutMs } = options;
  return new Promise((resolve) => {
    let controller: Dispatcher.DispatchController | undefined;
    let isOver = false;
    let stopWaiting: (() => void) | undefined;
    const settle = (exchanged: Exchanged) => {
      if (isOver) return;
      isOver = true;
      stopWaiting?.();
      resolve(exchanged);
    };
    const send = (isLast: boolean) => {
      let head: Head | undefined;
      const chunks: Buffer[] = [];
      const { origin, path } = targetOf(url);
      dispatcher.dispatch(
        { origin, path, method: 'POST', headers, body },
        {
          onRequestStart: (started) => {
            controller = started;
            if (isOver) started.abort(new Error('Nobody waited for the connection'));
          },
          onResponseStart: (_, status, { 'content-type': contentType = '' }) => {
            head = { status, contentType: String(contentType) };
          },
          onResponseData: (_, chunk) => void chunks.push(chunk),
          onResponseEnd: () => {
            if (head) settle({ kind: 'whole', head, text: textOf(chunks) });
          },
          onResponseError: (_, error) => {
            if (!isOver && !isLast && !head && isClosed(error)) send(true);
            else settle({ kind: 'failed', head, error });
          },
        },
      );
    };
    stopWaiting = whenOver(timeoutMs, signal, () => {
      settle({ kind: 'aborted' });
      controller?.abort(new Error('Nobody waits for the answer any more'));
    });
    if (!isOver) send(false); // undici would connect first
  });
}

const CLOSED_CODES = ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'];

/** Whether an error means that the connection was closed. */
export const isClosed = (error: Error): boolean => 'code' in error && CLOSED_CODES.includes(String(error.code));

interface Target {
  readonly origin: string;
  readonly path: string;
}

const targets = new WeakMap<URL, Target>();

/** The same few URLs are asked over and over, and each look at a part of one makes a new text. */
function targetOf(url: URL): Target {
  const known = targets.get(url);
  if (known) return known;
  const target = { origin: url.origin, path: `${url.pathname}${url.search}` };
  targets.set(url, target);
  return target;
}

const BYTE_ORDER_MARK = 0xfeff;

function textOf(chunks: readonly Buffer[]): string {
  const [first] = chunks;
  const text = (chunks.length === 1 && first ? first : Buffer.concat(chunks)).toString();
  return text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text;
}
