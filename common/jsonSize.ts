/** Length of a value's JSON text, found mostly without writing it. */

import { isObject } from './json.ts';

/**
 * True if a value's JSON has more than `bytes` bytes.
 * @throws RangeError for a value that is nested too deep to be written
 */
export const isLargerThan = (value: unknown, bytes: number): boolean =>
  atMost(value, 0) > bytes && Buffer.byteLength(JSON.stringify(value)) > bytes;

/** Longest text of one character: `\u001f`. */
const ESCAPED = 6;
/** Longest text of a number: `-0.0000012345678901234567`. */
const LONGEST_SCALAR = 25;
/**
 * Levels of nesting that are looked at. Writing a deeper value takes more of the stack, so only writing shows whether
 * it can be done.
 */
const MAX_LEVELS = 500;

/**
 * Upper limit of a value's JSON, in bytes; for a text, rarely over six times its real size.
 * @param depth levels of other values around this one
 */
function atMost(value: unknown, depth: number): number {
  if (typeof value === 'string') return ESCAPED * value.length + 2;
  if (depth > MAX_LEVELS) return Number.POSITIVE_INFINITY;
  let bytes = 2;
  if (Array.isArray(value)) for (const item of value) bytes += atMost(item, depth + 1) + 1;
  else if (isObject(value))
    for (const key of Object.keys(value)) bytes += ESCAPED * key.length + 4 + atMost(value[key], depth + 1);
  else return LONGEST_SCALAR;
  return bytes;
}
