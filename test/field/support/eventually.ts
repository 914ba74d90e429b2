/** Waits for a condition with a name. If it does not come, the error says what was there instead. */
import { systemClock } from '../../../common/clock.ts';

const LOOK_EVERY_MS = 100;
const LIMIT_MS = 30_000;
const SHOWN_CHARACTERS = 2_000;

/**
 * Looks again and again.
 * @param what the state that is waited for, as a clause
 * @returns the first value that fits
 * @throws with the last value when none did within `limitMs` milliseconds
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T> | T,
  fits: (seen: T) => boolean,
  limitMs = LIMIT_MS,
): Promise<T> {
  const untilMs = systemClock.monotonicMs() + limitMs;
  for (;;) {
    const seen = await look();
    if (fits(seen)) return seen;
    if (systemClock.monotonicMs() > untilMs) {
      const shown = JSON.stringify(seen)?.slice(0, SHOWN_CHARACTERS);
      throw new Error(`Not within ${limitMs / 1000} s: ${what}. Seen last: ${shown}`);
    }
    await systemClock.sleep(LOOK_EVERY_MS);
  }
}
