/** So many at once; who comes later waits for a place, for as long as its signal lets it. */

import type { StopSignal } from '../../common/stopSignal.ts';

/** Gives the place back; twice is once. */
type Release = () => void;

export interface Slots {
  /** Resolves to undefined when the signal aborts before there is a place. First come, first served. */
  take(signal: StopSignal): Promise<Release | undefined>;
}

export function makeSlots(count: number): Slots {
  let free = count;
  const waiting = new Set<() => void>();

  const release = (): Release => {
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      free += 1;
      const [next] = waiting;
      next?.();
    };
  };

  return {
    take: (signal) =>
      new Promise((resolve) => {
        const settle = (got: Release | undefined) => {
          waiting.delete(grant);
          signal.removeEventListener('abort', giveUp);
          resolve(got);
        };
        const grant = () => {
          free -= 1;
          settle(release());
        };
        const giveUp = () => settle(undefined);
        if (signal.aborted) return giveUp();
        if (free > 0) return grant();
        waiting.add(grant);
        signal.addEventListener('abort', giveUp);
      }),
  };
}
