/** Waits for something to become true, by looking again and again, until the test ends. */
import { afterEach } from '@jest/globals';
import { systemClock } from '../../common/clock.ts';

let testsEnded = 0;
afterEach(() => {
  testsEnded += 1;
});

/**
 * The test's own time limit ends it: looking on after that would keep jest from ever exiting.
 * @returns the first value that is neither undefined, null nor false
 */
export async function until<T>(
  look: () => Promise<T | undefined | null | false> | T | undefined | null | false,
): Promise<T> {
  const before = testsEnded;
  for (;;) {
    const value = await look();
    if (value !== undefined && value !== null && value !== false) return value;
    if (testsEnded !== before) throw new Error('The test ended before this became true');
    await systemClock.sleep(20);
  }
}
