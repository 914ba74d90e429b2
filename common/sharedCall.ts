/**
 * Lets calls that overlap share one answer. However many probes ask at once, and however long the answer takes, one
 * call runs at a time.
 */
export function sharedCall<T>(call: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => {
    running ??= call().finally(() => {
      running = undefined;
    });
    return running;
  };
}
