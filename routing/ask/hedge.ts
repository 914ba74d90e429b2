/** A second try beside a first one that is slow: the first good result wins, and the other try is cancelled. */
import { type Clock, whenOver } from '../../common/clock.ts';
import type { StopSignal } from '../../common/stopSignal.ts';

interface Hedge<T> {
  /** Must be safe to do twice. Ends soon after its signal aborts. */
  readonly attempt: (signal: StopSignal) => Promise<T>;
  readonly isGood: (result: T) => boolean;
  /** Milliseconds; undefined: there is no second try. */
  readonly afterMs: number | undefined;
  readonly clock: Clock;
  readonly signal: StopSignal;
}

/** @returns the first good result; when none is, what the first try gave. Rejects if both tries do, or the only one. */
export async function hedged<T>(hedge: Hedge<T>): Promise<{ readonly result: T; readonly attempts: number }> {
  const { attempt, isGood, afterMs, clock, signal } = hedge;
  if (afterMs === undefined) return { result: await attempt(signal), attempts: 1 };
  const race = new AbortController();
  const stopListening = whenOver(undefined, signal, () => race.abort());
  const first = attempt(race.signal);
  const settled = first.then(
    () => true,
    () => true,
  );
  const stopWaiting = new AbortController();
  const slow = clock.sleep(afterMs, AbortSignal.any([race.signal, stopWaiting.signal])).then(() => false);
  try {
    if ((await Promise.race([settled, slow])) || signal.aborted) return { result: await first, attempts: 1 };
    return { result: await firstGood([first, attempt(race.signal)], isGood), attempts: 2 };
  } finally {
    stopListening();
    stopWaiting.abort();
    race.abort();
  }
}

async function firstGood<T>(tries: readonly Promise<T>[], isGood: (result: T) => boolean): Promise<T> {
  const good = tries.map(async (one) => {
    const result = await one;
    if (!isGood(result)) throw new Error('A result that is not good');
    return result;
  });
  return Promise.any(good).catch(() => Promise.any(tries));
}
