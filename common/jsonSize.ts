/** How long the text of a value would be, mostly without writing it. */

import { isObject } from './json.ts';

/** Whether a value's JSON has more than so many bytes. @throws RangeError for what is nested too deep to have any */
export const isLargerThan = (value: unknown, bytes: number): boolean =>
  atMost(value, 0) > bytes && Buffer.byteLength(JSON.stringify(value)) > bytes;

/** Of a character: `\u001f`. */
const ESCAPED = 6;
/** Of the longest number: `-0.0000012345678901234567`. */
const LONGEST_SCALAR = 25;
/** Deeper, only writing it shows whether it can be written: that takes more of the stack than looking at it. */
const MAX_LEVELS = 500;

/** Bytes that its JSON cannot exceed; of a text nearly never more than six times what it takes. Below `depth` levels of others. */
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
