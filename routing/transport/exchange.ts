/** One request and the whole of its answer, over undici's connections; `request` of undici would make a stream of it. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { whenOver } from '../../common/clock.ts';
import type { StopSignal } from '../../common/stopSignal.ts';
import { endOfTurn } from '../../common/turn.ts';
import { brokenReply, type Head, isClosed, wholeReply } from './httpReply.ts';
import { type Reply, TIMED_OUT } from './transport.ts';

interface ExchangeOptions {
  readonly dispatcher: Dispatcher;
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  /** Name, value, name, value. */
  readonly headers: string[];
  /** Undefined: none is sent. */
  readonly body?: string | undefined;
  /** False: the request may change something, and is sent once. */
  readonly mayRepeat: boolean;
  /** Ends the exchange. */
  readonly signal?: StopSignal | undefined;
  /** Milliseconds until it ends in any case. Undefined: no limit. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Sends the request, and once more if the connection was closed before a byte of the answer.
 * A kept connection is closed so when its server stops just as a request is on its way.
 * A request that only reads loses nothing by that; no other is sent again. A server that is gone fails at once.
 *
 * Redirects are not followed. It resolves as soon as the exchange is over, and closes the connection then.
 * Whatever the other side does is a reply; it rejects only if undici cannot begin to send.
 */
export const exchange = (options: ExchangeOptions): Promise<Reply> =>
  new Promise((resolve, reject) => new Exchange(options, resolve).begin().catch(reject));

/** Methods of a class are made once, and not for each request. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #options: ExchangeOptions;
  readonly #resolve: (reply: Reply) => void;
  readonly #chunks: Buffer[] = [];
  #controller: Dispatcher.DispatchController | undefined;
  #head: Head | undefined;
  #stopWaiting: (() => void) | undefined;
  #isOver = false;
  #isSentAgain = false;

  constructor(options: ExchangeOptions, resolve: (reply: Reply) => void) {
    this.#options = options;
    this.#resolve = resolve;
  }

  async begin(): Promise<void> {
    const { timeoutMs, signal } = this.#options;
    this.#stopWaiting = whenOver(timeoutMs, signal, () => {
      this.#settle(() => TIMED_OUT);
      this.#controller?.abort(new Error('Nobody waits for the answer any more'));
    });
    await endOfTurn();
    if (!this.#isOver) this.#send(); // undici would connect first
  }

  #send(): void {
    const { dispatcher, url, method, headers, body } = this.#options;
    const { origin, path } = targetOf(url);
    dispatcher.dispatch({ origin, path, method, headers, body: body ?? null }, this);
  }

  #settle(reply: () => Reply): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopWaiting?.();
    this.#resolve(reply());
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
    const head = this.#head;
    if (head) this.#settle(() => wholeReply(head, textOf(this.#chunks)));
  }

  onResponseError(_: unknown, error: Error): void {
    if (this.#isOver || this.#isSentAgain || !this.#options.mayRepeat || this.#head || !isClosed(error)) {
      this.#settle(() => brokenReply(error, this.#head));
    } else {
      this.#isSentAgain = true;
      this.#send();
    }
  }
}

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
