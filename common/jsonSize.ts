/** How long the text of a value would be, mostly without writing it. */

import { isObject } from './json.ts';

/** Whether a value's JSON has more than so many bytes. */
export const isLargerThan = (value: unknown, bytes: number): boolean =>
  atMost(value) > bytes && Buffer.byteLength(JSON.stringify(value)) > bytes;

/** Of a character: `\u001f`. */
const ESCAPED = 6;
/** Of the longest number: `-0.0000012345678901234567`. */
const LONGEST_SCALAR = 25;

/** Bytes that its JSON cannot exceed; of a text nearly never more than six times what it takes. */
function atMost(value: unknown): number {
  if (typeof value === 'string') return ESCAPED * value.length + 2;
  let bytes = 2;
  if (Array.isArray(value)) for (const item of value) bytes += atMost(item) + 1;
  else if (isObject(value))
    for (const key of Object.keys(value)) bytes += ESCAPED * key.length + 4 + atMost(value[key]);
  else return LONGEST_SCALAR;
  return bytes;
}
