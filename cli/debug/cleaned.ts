/** An answer as a terminal may show it. */
import { printableLine } from '../printable.ts';

/** Characters of one text: a provider's words are at most 500, and a finding says little more around them. */
export const LONGEST_TEXT = 1_000;
/** Far deeper than what is asked; a stored JSON value may be nested thousands of times. */
const DEEPEST = 30;

/** The same, each text in it on one line, without what acts on a terminal, and cut where it is too long to read. */
export function cleaned(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return printableLine(value, LONGEST_TEXT);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === DEEPEST) return '…';
  if (Array.isArray(value)) return value.map((member) => cleaned(member, depth + 1));
  const members = Object.entries(value).map(([name, member]) => [cleaned(name), cleaned(member, depth + 1)]);
  return Object.fromEntries(members);
}
