/** An answer made safe for a terminal. */
import { printableLine } from '../printable.ts';

/** Characters of one text. A provider's words have at most 500, and a finding adds little. */
export const LONGEST_TEXT = 1_000;
/** Levels of nesting that are kept. Questions are far flatter; a stored JSON value may have thousands. */
const DEEPEST = 30;

/** Copy of a value with each text on one line, without what acts on a terminal, and cut to a readable length. */
export function cleaned(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return printableLine(value, LONGEST_TEXT);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === DEEPEST) return '…';
  if (Array.isArray(value)) return value.map((member) => cleaned(member, depth + 1));
  const members = Object.entries(value).map(([name, member]) => [cleaned(name), cleaned(member, depth + 1)]);
  return Object.fromEntries(members);
}
