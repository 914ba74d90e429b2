/** Waits for something to become true, by looking again and again; the test's own time limit ends it. */
import { systemClock } from '../../common/clock.ts';

/** @returns the first value that is neither undefined, null nor false */
export async function until<T>(
  look: () => Promise<T | undefined | null | false> | T | undefined | null | false,
): Promise<T> {
  for (;;) {
    const value = await look();
    if (value !== undefined && value !== null && value !== false) return value;
    await systemClock.sleep(20);
  }
}
