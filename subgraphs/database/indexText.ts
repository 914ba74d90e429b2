/** Indexes as Postgres describes them, compared by their use and not by their text. Pure. */

/** Description of an index, for example `(updated_at, id) WHERE (NOT archived)`. */
export type IndexText = string;

interface Parsed {
  readonly keys: readonly string[];
  /** Conditions that hold for every row in the index. */
  readonly conditions: readonly string[];
}

/** Conditions that nearly every row meets. An index without them serves as well. */
const UNSELECTIVE = ['NOT deleted', 'NOT archived'];

/** True if the existing index does what the wanted one would do. */
export function serves(there: IndexText, wanted: IndexText): boolean {
  const [has, wants] = [parsed(there), parsed(wanted)];
  return keysServe(has.keys, wants.keys) && conditionsServe(has, wants);
}

/**
 * True if the keys have the wanted order, or its reverse. An `id` at the end only breaks ties, of which there are few.
 */
function keysServe(has: readonly string[], wants: readonly string[]): boolean {
  if (isOneValueEach(has, wants)) return true;
  const enough = wants.length > 1 && plain(wants.at(-1) ?? '') === 'id' ? wants.slice(0, -1) : wants;
  if (has.length < enough.length) return false;
  const compared = wants.slice(0, Math.min(has.length, wants.length));
  const isSame = (key: string, i: number) => key === has[i];
  const isReversed = (key: string, i: number) => plain(key) === plain(has[i] ?? '') && key !== has[i];
  return compared.every(isSame) || compared.every(isReversed);
}

/** Keys that few rows share. After one of them, the order of other keys does not matter. */
const FEW_EACH = ['owner_id', 'parent_chat_id', 'root_chat_id'];
const isOneValueEach = (has: readonly string[], wants: readonly string[]): boolean =>
  FEW_EACH.includes(wants[0] ?? '') && has[0] === wants[0];

function conditionsServe(has: Parsed, wants: Parsed): boolean {
  const isGiven = (condition: string) => wants.conditions.includes(condition);
  const isKept = (condition: string) =>
    has.conditions.includes(condition) ||
    UNSELECTIVE.includes(condition) ||
    condition === `${plain(wants.keys[0] ?? '')} IS NOT NULL`;
  return has.conditions.every(isGiven) && wants.conditions.every(isKept);
}

const plain = (key: string): string => key.replace(/ (ASC|DESC)?( ?NULLS (FIRST|LAST))?$/, '');

function parsed(text: IndexText): Parsed {
  const end = closing(text, 0);
  const keys = split(text.slice(1, end), ', ').map((key) => (key.startsWith('(') ? unwrapped(key) : key));
  const where = /^.*? WHERE (.*)$/s.exec(text.slice(end + 1))?.[1];
  return { keys, conditions: where === undefined ? [] : split(unwrapped(where), ' AND ').map(normal) };
}

/**
 * Condition in one spelling. `archived = false` and `NOT archived` mean the same, and Postgres keeps the text that was
 * written.
 */
const normal = (condition: string): string => unwrapped(condition).replace(/^(\w+) = false$/, 'NOT $1');

/** Text without parentheses around all of it. */
function unwrapped(text: string): string {
  const isWrapped = text.startsWith('(') && closing(text, 0) === text.length - 1;
  return isWrapped ? unwrapped(text.slice(1, -1)) : text;
}

/** Parts between separators outside parentheses. */
function split(text: string, separator: string): string[] {
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '(') at = closing(text, at);
    else if (text.startsWith(separator, at)) {
      parts.push(text.slice(from, at));
      from = at + separator.length;
    }
  }
  return [...parts, text.slice(from)];
}

/** Position at which the parenthesis ends that begins at `from`. */
function closing(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '(') depth += 1;
    if (text[at] === ')') depth -= 1;
    if (depth === 0) return at;
  }
  return text.length - 1;
}
