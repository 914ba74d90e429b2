/** JSON that `jsonb` takes, of any text: a model's, a tool's or a person's. Pure. */

/** Postgres stores neither the character NUL nor half of a surrogate pair; in the place of each stands U+FFFD. */
const storable = (text: string): string => text.replace(/\p{Cs}/gu, '\uFFFD').replaceAll('\u0000', '\uFFFD');

export function storableJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === 'string') return storable(part);
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).map(([key, inner]) => [storable(key), inner]));
  });
}
