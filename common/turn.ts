/**
 * Turns of the event loop. Whoever has something to send waits for the end of the turn, so that all that has arrived is looked at first,
 * and all that is sent goes out together: each write to a process that sleeps wakes it, which costs the sender more
 * than the write, and a process that is awake by then takes the next ones with the first.
 */

let end: Promise<void> | undefined;

/** Resolves when what has arrived by now has been looked at; one promise for all who wait. At a quiet moment that is at once. */
export function endOfTurn(): Promise<void> {
  end ??= new Promise((resolve) => {
    setImmediate(() => {
      end = undefined;
      resolve();
    });
  });
  return end;
}
