/** One HTTP request and the whole of its answer, over undici's connections; `request` of undici would make a stream of it. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { whenOver } from '../../common/clock.ts';
import type { StopSignal } from '../../common/stopSignal.ts';
import { endOfTurn } from '../../common/turn.ts';

export interface ExchangeOptions {
  readonly dispatcher: Dispatcher;
  readonly url: URL;
  /** Name, value, name, value. */
  readonly headers: string[];
  readonly body: string;
  /** Ends the exchange. */
  readonly signal?: StopSignal | undefined;
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
export const exchange = (options: ExchangeOptions): Promise<Exchanged> =>
  new Promise((resolve, reject) => new Exchange(options, resolve).begin().catch(reject));

/** A class, since methods are made once and not for each request. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #options: ExchangeOptions;
  readonly #resolve: (exchanged: Exchanged) => void;
  readonly #chunks: Buffer[] = [];
  #controller: Dispatcher.DispatchController | undefined;
  #head: Head | undefined;
  #stopWaiting: (() => void) | undefined;
  #isOver = false;
  #isSentAgain = false;

  constructor(options: ExchangeOptions, resolve: (exchanged: Exchanged) => void) {
    this.#options = options;
    this.#resolve = resolve;
  }

  async begin(): Promise<void> {
    const { timeoutMs, signal } = this.#options;
    this.#stopWaiting = whenOver(timeoutMs, signal, () => {
      this.#settle({ kind: 'aborted' });
      this.#controller?.abort(new Error('Nobody waits for the answer any more'));
    });
    await endOfTurn();
    if (!this.#isOver) this.#send(); // undici would connect first
  }

  #send(): void {
    const { dispatcher, url, headers, body } = this.#options;
    const { origin, path } = targetOf(url);
    dispatcher.dispatch({ origin, path, method: 'POST', headers, body }, this);
  }

  #settle(exchanged: Exchanged): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopWaiting?.();
    this.#resolve(exchanged);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isOver) controller.abort(new Error('Nobody waited for the connection'));
  }

  onResponseStart(_: unknown, status: number, { 'content-type': contentType = '' }: IncomingHttpHeaders): void {
    this.#head = { status, contentType: String(contentType) };
  }

  onResponseData(_: unknown, chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (this.#head) this.#settle({ kind: 'whole', head: this.#head, text: textOf(this.#chunks) });
  }

  onResponseError(_: unknown, error: Error): void {
    if (this.#isOver || this.#isSentAgain || this.#head || !isClosed(error)) {
      this.#settle({ kind: 'failed', head: this.#head, error });
    } else {
      this.#isSentAgain = true;
      this.#send();
    }
  }
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
