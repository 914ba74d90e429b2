/**
 * Text made safe for the terminal that shows it.
 * Text from a database, a replica or a provider must not move the cursor, set the title, reorder letters, or hide what
 * stands there.
 */

/**
 * Characters without a picture: controls but line and tab, halves of a pair, and format characters (bidi, zero-width,
 * tags).
 */
const UNSEEN = /(?![\n\t])[\p{Cc}\p{Cs}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;
const ENDS_OF_LINES = /[\p{Zl}\p{Zp}]/gu;
/** Marks beyond the most that any script puts on one letter. They would run over the lines above and below. */
const PILED_MARKS = /(\p{M}{8})\p{M}+/gu;
const UNSEEN_OR_END = new RegExp(`${UNSEEN.source}|${ENDS_OF_LINES.source}`, 'gu');

/** Text without what acts on a terminal. Lines and tabs stay. */
export const printable = (text: string): string =>
  text.replace(UNSEEN, '').replace(ENDS_OF_LINES, '\n').replace(PILED_MARKS, '$1');

/** Text on one line, cut to `longest` characters, with the full length behind it. */
export function printableLine(text: string, longest: number): string {
  const line = printable(text.slice(0, 2 * longest)).replace(/\s+/g, ' ');
  if (text.length <= longest) return line;
  return `${printable(line.slice(0, longest))}… (cut, of ${text.length} characters)`;
}

/** Equivalent JSON, with escapes for what acts on a terminal. JSON itself escapes only characters below U+0020. */
export const printableJson = (json: string): string =>
  json.replace(UNSEEN_OR_END, (text) =>
    text
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
