/** How long to wait before the model is called again: 1 s, doubling up to 60 s, 20 % more or less by chance. */
const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;
const SPREAD = 0.2;

/**
 * @param attempt the attempt that failed, from 1
 * @param random from 0 up to 1
 * @returns milliseconds
 */
export function retryDelayMs(attempt: number, random: number): number {
  const middle = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt - 1, 30));
  return Math.round(middle * (1 - SPREAD + 2 * SPREAD * random));
}
