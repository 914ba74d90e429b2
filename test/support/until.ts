/** Waits for something to become true, by looking again and again. What does not come in time is named. */
import { afterEach } from '@jest/globals';
import { systemClock } from '../../common/clock.ts';

const LOOK_EVERY_MS = 20;
/** Under the time limit of a test, which would say nothing of what was waited for. */
const LIMIT_MS = 50_000;

let testsEnded = 0;
afterEach(() => {
  testsEnded += 1;
});

/**
 * Looks on until the limit or the test's end: looking on after that would keep jest from ever exiting.
 * @param what the state that is waited for, as a sentence without its full stop; a function can tell what is there instead
 * @returns the first value that is neither undefined, null nor false
 */
export async function until<T>(
  what: string | (() => string),
  look: () => Promise<T | undefined | null | false> | T | undefined | null | false,
  limitMs = LIMIT_MS,
): Promise<T> {
  const before = testsEnded;
  const endMs = systemClock.monotonicMs() + limitMs;
  const missed = (when: string) => new Error(`Not ${when}: ${typeof what === 'string' ? what : what()}.`);
  for (;;) {
    const value = await look();
    if (value !== undefined && value !== null && value !== false) return value;
    if (testsEnded !== before) throw missed('before the test ended');
    if (systemClock.monotonicMs() >= endMs) throw missed(`within ${limitMs / 1000} s`);
    await systemClock.sleep(LOOK_EVERY_MS);
  }
}
