/** Indexes as Postgres describes them, compared by what they are good for and not by their text. Pure. */

/** For example `(updated_at, id) WHERE (NOT archived)`. */
export type IndexText = string;

interface Parsed {
  readonly keys: readonly string[];
  /** All of them hold for what the index holds. */
  readonly conditions: readonly string[];
}

/** Conditions that nearly every row meets: an index without them serves as well. */
const UNSELECTIVE = ['NOT deleted', 'NOT archived'];

/** Whether the index that is there does what the wanted one would do. */
export function serves(there: IndexText, wanted: IndexText): boolean {
  const [has, wants] = [parsed(there), parsed(wanted)];
  return keysServe(has.keys, wants.keys) && conditionsServe(has, wants);
}

/** In the same order or all the other way round. An `id` at the end only breaks ties, of which there are few. */
function keysServe(has: readonly string[], wants: readonly string[]): boolean {
  if (isOneValueEach(has, wants)) return true;
  const enough = wants.length > 1 && plain(wants.at(-1) ?? '') === 'id' ? wants.slice(0, -1) : wants;
  if (has.length < enough.length) return false;
  const compared = wants.slice(0, Math.min(has.length, wants.length));
  const isSame = (key: string, i: number) => key === has[i];
  const isReversed = (key: string, i: number) => plain(key) === plain(has[i] ?? '') && key !== has[i];
  return compared.every(isSame) || compared.every(isReversed);
}

/** The first key alone decides where few rows share it: then no order of the others is needed. */
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

/** `archived = false` and `NOT archived` are the same to Postgres, which keeps the text that was written. */
const normal = (condition: string): string => unwrapped(condition).replace(/^(\w+) = false$/, 'NOT $1');

/** Without the parentheses around all of it. */
function unwrapped(text: string): string {
  const isWrapped = text.startsWith('(') && closing(text, 0) === text.length - 1;
  return isWrapped ? unwrapped(text.slice(1, -1)) : text;
}

/** Parts between separators that stand in no parentheses. */
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

/** Where the parenthesis ends that begins at `from`. */
function closing(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '(') depth += 1;
    if (text[at] === ')') depth -= 1;
    if (depth === 0) return at;
  }
  return text.length - 1;
}
