/** Waits for something to become true, by looking again and again. */
import { systemClock as clock } from '../../common/clock.ts';

const LOOK_EVERY_MS = 2;
const LIMIT_MS = 60_000;

/** @param what the state that is waited for, as a sentence without its full stop @throws if it does not come */
export async function until<T>(what: string, look: () => T | undefined | false): Promise<T> {
  const endMs = clock.monotonicMs() + LIMIT_MS;
  for (;;) {
    const value = look();
    if (value !== undefined && value !== false) return value;
    if (clock.monotonicMs() >= endMs) throw new Error(`Not within ${LIMIT_MS / 1_000} s: ${what}.`);
    await clock.sleep(LOOK_EVERY_MS);
  }
}
