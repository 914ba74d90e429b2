/**
 * Calls that overlap share one: whoever asks while an answer is on its way gets that one. So however many probes a balancer
 * sends, and however long what they ask about hangs, it is asked once at a time.
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
