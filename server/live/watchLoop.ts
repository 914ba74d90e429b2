/**
 * The loop of one watch, for all who watch the same with the same rights.
 * It looks again on a timer or when it is woken, never twice at once.
 * A wake-up makes it look at once. More of them make it look again every 100 ms at most, and not more than half of the
 * time. The last one always makes it look.
 */
import type { Clock } from '../../common/clock.ts';
import { Stop, type StopSignal } from '../../common/stopSignal.ts';
import { endOfTurn } from '../../common/turn.ts';
import { Refusal } from '../graphql/answer.ts';
import type { Caller } from '../tokens/internalToken.ts';
import { endOf, SCHEMA_CHANGED, type StreamEnd } from './ends.ts';
import { LiveAnswer } from './liveAnswer.ts';
import type { Look } from './watch.ts';

/** Milliseconds between the beginnings of two looks that were woken. */
const LEAST_GAP_MS = 100;
/** Milliseconds for which an answer is new enough for a client that joins. */
const FRESH_MS = 1_000;

/** Clients that are written to in one turn of the event loop; others wait for it meanwhile. */
const GIVEN_AT_ONCE = 50;

/** Reason for a look: a client came, it was woken, or time has passed. */
export type LookReason = 'joined' | 'woken' | 'tick';

/** A client of a loop. */
export interface Watcher {
  readonly hasAnswer: boolean;
  /** Identifies the caller again. A refusal: it may watch no longer. */
  identify(): Caller | Refusal | Promise<Caller | Refusal>;
  /** Takes an answer that is another one than before. */
  take(answer: LiveAnswer): void;
  /** Takes an answer in which nothing that counts has changed. */
  renew(answer: LiveAnswer): void;
  end(end: StreamEnd): void;
}

interface WatchLoopOptions {
  /** Looks once, as a caller. Undefined: the question is not valid any more. */
  readonly look: (caller: Caller, signal: StopSignal) => Promise<Look | undefined>;
  readonly everyMs: number;
  /** Told of each look. @param wokenMs since the first wake-up that it answers; undefined: there was none */
  readonly onLooked: (why: LookReason, wokenMs: number | undefined) => void;
  readonly clock: Clock;
}

export class WatchLoop {
  readonly #options: WatchLoopOptions;
  readonly #watchers = new Set<Watcher>();
  readonly #gone = new Stop();
  #newest: { readonly answer: LiveAnswer; readonly atMs: number } | undefined;
  /** Why to look again as soon as possible, and since when; undefined: it can wait. */
  #wanted: { readonly why: LookReason; readonly sinceMs: number } | undefined;
  #pause = new AbortController();
  #isRunning = false;
  #isLooking = false;

  constructor(options: WatchLoopOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#watchers.size;
  }

  /** Adds a client, who gets the newest answer at once, or one that is made for it. */
  add(watcher: Watcher): void {
    this.#watchers.add(watcher);
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#newest && nowMs - this.#newest.atMs < FRESH_MS) watcher.take(this.#newest.answer);
    else if (!this.#isLooking) this.#want('joined');
    if (!this.#isRunning) void this.#run();
  }

  /** Removes a client. With the last one the loop ends. */
  remove(watcher: Watcher): void {
    if (!this.#watchers.delete(watcher) || this.#watchers.size > 0) return;
    this.#gone.abort();
    this.#pause.abort();
  }

  /** Looks soon: something may have changed. */
  wake(): void {
    this.#want('woken');
  }

  #want(why: LookReason): void {
    if (this.#wanted) return;
    this.#wanted = { why, sinceMs: this.#options.clock.monotonicMs() };
    this.#pause.abort();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    const { clock } = this.#options;
    while (!this.#gone.aborted) {
      const begunMs = clock.monotonicMs();
      const wanted = this.#wanted;
      this.#wanted = undefined;
      this.#isLooking = true;
      await this.#look(wanted?.why ?? 'tick', wanted?.sinceMs);
      this.#isLooking = false;
      if ([...this.#watchers].some(({ hasAnswer }) => !hasAnswer)) this.#want('joined'); // while it was handed out
      await this.#untilNext(begunMs, clock.monotonicMs() - begunMs);
    }
  }

  /** Waits for the next tick, or for less if it is woken. */
  async #untilNext(begunMs: number, tookMs: number): Promise<void> {
    const { clock, everyMs } = this.#options;
    const sleepUntil = async (endMs: number) => {
      const leftMs = endMs - clock.monotonicMs();
      if (leftMs <= 0 || this.#gone.aborted) return;
      this.#pause = new AbortController();
      await clock.sleep(leftMs, this.#pause.signal);
    };
    if (!this.#wanted) await sleepUntil(begunMs + Math.max(everyMs, 2 * tookMs));
    while (this.#wanted && !this.#gone.aborted) {
      const endMs = begunMs + Math.max(LEAST_GAP_MS, 2 * tookMs);
      if (clock.monotonicMs() >= endMs) return;
      await sleepUntil(endMs);
    }
  }

  async #look(why: LookReason, wokenAtMs: number | undefined): Promise<void> {
    const { clock, look, onLooked } = this.#options;
    const caller = await this.#identifyAll();
    if (!caller || this.#gone.aborted) return;
    const atMs = clock.monotonicMs();
    const looked = await look(caller, this.#gone);
    if (this.#gone.aborted) return;
    onLooked(why, why === 'woken' && wokenAtMs !== undefined ? clock.monotonicMs() - wokenAtMs : undefined);
    if (!looked) return this.#endAll(SCHEMA_CHANGED);
    const before = this.#newest?.answer.body;
    const answer = new LiveAnswer(looked.body);
    this.#newest = { answer, atMs };
    const isSame = before !== undefined && looked.isSame(before, looked.body);
    await this.#giveAll(answer, isSame);
  }

  /** Gives all an answer, some of them in each turn of the event loop. */
  async #giveAll(answer: LiveAnswer, isSame: boolean): Promise<void> {
    let given = 0;
    for (const watcher of [...this.#watchers]) {
      if (!this.#watchers.has(watcher)) continue; // gone meanwhile
      if (isSame && watcher.hasAnswer) watcher.renew(answer);
      else watcher.take(answer);
      given += 1;
      if (given % GIVEN_AT_ONCE === 0) await endOfTurn();
    }
  }

  /** Ends the streams of those whose tokens are no longer good. @returns one of the callers; they have equal rights */
  async #identifyAll(): Promise<Caller | undefined> {
    let caller: Caller | undefined;
    for (const watcher of [...this.#watchers]) {
      const identified = watcher.identify();
      const who = identified instanceof Promise ? await identified : identified;
      if (who instanceof Refusal) watcher.end(endOf(who));
      else caller ??= who;
    }
    return caller;
  }

  #endAll(end: StreamEnd): void {
    for (const watcher of [...this.#watchers]) watcher.end(end);
  }
}
