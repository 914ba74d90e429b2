/** How long the text of a value would be, mostly without writing it. */

/** Whether a value's JSON has more than so many bytes. */
export const isLargerThan = (value: unknown, bytes: number): boolean =>
  atMost(value) > bytes && Buffer.byteLength(JSON.stringify(value)) > bytes;

/** Of a character: `\u001f`. */
const ESCAPED = 6;
/** The longest number, `-1.2345678901234567e-308`, and more than `false`. */
const LONGEST_SCALAR = 24;

/** Bytes that its JSON cannot exceed; of a text nearly never more than six times what it takes. */
function atMost(value: unknown): number {
  if (typeof value === 'string') return ESCAPED * value.length + 2;
  if (typeof value !== 'object' || value === null) return LONGEST_SCALAR;
  let bytes = 2;
  if (Array.isArray(value)) for (const item of value) bytes += atMost(item) + 1;
  else for (const [key, item] of Object.entries(value)) bytes += ESCAPED * key.length + 4 + atMost(item);
  return bytes;
}
