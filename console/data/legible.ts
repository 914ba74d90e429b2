/**
 * Text of an answer, made fit to be read. Titles, names of tools and words of errors come from people, models and
 * workers: a control character or a mark that turns the direction of what follows is shown by its number. Pure.
 */

const UNREADABLE = /(?![\t\n])[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/gu;
/** Some character that takes ink. */
const SEEN = /[^\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\u2800]/u;
/** Characters of a name up to which it is shown in the title of the page. */
const MOST = 80;

const numberOf = (character: string): string => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;

/** A value of an answer with all its texts legible. What needs no change is returned as it is. */
export function legible<Value>(value: Value): Value {
  return changed(value) as Value;
}

function changed(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(UNREADABLE, numberOf);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, one]) => [name, one, changed(one)] as const);
  if (entries.every(([, one, now]) => one === now)) return value;
  if (Array.isArray(value)) return entries.map(([, , now]) => now);
  return Object.fromEntries(entries.map(([name, , now]) => [name, now]));
}

/** A name that somebody gave, or other words where nothing of it would be seen. */
export const nameOr = (name: string | null | undefined, otherwise: string): string =>
  name && SEEN.test(name) ? name : otherwise;

/** The beginning of a name. */
export const shortName = (name: string): string => {
  const characters = [...name];
  return characters.length > MOST ? `${characters.slice(0, MOST).join('')}…` : name;
};
