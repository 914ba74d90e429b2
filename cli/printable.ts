/**
 * Text from a database, a replica or a provider must not act on the terminal that shows it: move the cursor, set the title,
 * turn the order of letters round, or hide what stands there.
 */

/** Controls but line and tab, halves of a pair, format characters (bidi, zero-width, tags), and whatever else has no picture. */
const UNSEEN = /(?![\n\t])[\p{Cc}\p{Cs}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;
const ENDS_OF_LINES = /[\p{Zl}\p{Zp}]/gu;
/** Marks beyond as many as any script puts on one letter: they would run over the lines above and below. */
const PILED_MARKS = /(\p{M}{8})\p{M}+/gu;
const UNSEEN_OR_END = new RegExp(`${UNSEEN.source}|${ENDS_OF_LINES.source}`, 'gu');

/** The text without what acts on a terminal. Lines and tabs stay. */
export const printable = (text: string): string =>
  text.replace(UNSEEN, '').replace(ENDS_OF_LINES, '\n').replace(PILED_MARKS, '$1');

/** The same on one line, cut to so many characters; how many there were is said behind. */
export function printableLine(text: string, longest: number): string {
  const line = printable(text.slice(0, 2 * longest)).replace(/\s+/g, ' ');
  if (text.length <= longest) return line;
  return `${printable(line.slice(0, longest))}… (cut, of ${text.length} characters)`;
}

/** JSON that means the same, and holds as escapes what acts on a terminal. JSON itself escapes only what is below U+0020. */
export const printableJson = (json: string): string =>
  json.replace(UNSEEN_OR_END, (text) =>
    text
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
