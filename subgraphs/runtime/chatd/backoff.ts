/** Pauses before the model is called again: 1 s, doubling up to 60 s, 20 % more or less by chance. Pure. */
const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;
const SPREAD = 0.2;

/**
 * Number of the attempt that ends the turn if it fails as well: every `maxAttempts`-th one of a step. A turn that is begun anew goes on
 * with the count, and so has as many attempts again.
 * @param attempt number of the present one, from 1
 */
export const lastAttempt = (attempt: number, maxAttempts: number): number =>
  Math.ceil(Math.max(1, attempt) / maxAttempts) * maxAttempts;

/**
 * @param attempt number of the failed attempt, from 1
 * @param random from 0 up to 1
 * @returns milliseconds
 */
export function retryDelayMs(attempt: number, random: number): number {
  const middle = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt - 1, 30));
  return Math.round(middle * (1 - SPREAD + 2 * SPREAD * random));
}

/**
 * Pause that the provider asks for in `Retry-After` (seconds or a date) or `retry-after-ms`.
 * A date is measured from the provider's own time, since clocks differ.
 * @returns milliseconds; undefined: nothing, or nothing that can be understood
 */
export function toldDelayMs(headers: Readonly<Record<string, string>>, now: Date): number | undefined {
  const ms = numberIn(headers['retry-after-ms']);
  if (ms !== undefined) return ms;
  const told = headers['retry-after'];
  const seconds = numberIn(told);
  if (seconds !== undefined) return seconds * 1000;
  const untilMs = timeIn(told);
  if (untilMs === undefined) return undefined;
  return Math.max(0, untilMs - (timeIn(headers.date) ?? now.getTime()));
}

function numberIn(text: string | undefined): number | undefined {
  return text !== undefined && /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : undefined;
}

/** Time of an HTTP date, which begins with a day's name. A parser would take other texts as well. */
function timeIn(text: string | undefined): number | undefined {
  const ms = text !== undefined && /^\s*[a-z]{3,9},? /i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}
