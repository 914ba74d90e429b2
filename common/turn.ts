/**
 * Turns of the event loop. A sender waits for the end of the turn, so that everything that has arrived is handled
 * first.
 * All its messages then go out together. Each write to a sleeping process wakes it, which costs the sender more than
 * the write.
 */

let end: Promise<void> | undefined;

/**
 * Resolves when all that has arrived by now has been handled; all waiters share one promise. At a quiet moment it
 * resolves at once.
 */
export function endOfTurn(): Promise<void> {
  end ??= new Promise((resolve) => {
    setImmediate(() => {
      end = undefined;
      resolve();
    });
  });
  return end;
}
