/** A bundle that is no larger than it may be, and says what it left out for that. Pure. */
import type { Bundle, Facts } from './format.ts';
import { judged } from './judge.ts';

/** Code in `notAnswered` of a list whose end was left out. */
export const CUT = 'CUT';

/** A list in a bundle. */
interface List {
  readonly path: string;
  readonly members: unknown[];
}

const bytesOf = (value: unknown): number => new TextEncoder().encode(JSON.stringify(value)).length;

/**
 * Cuts the longest lists, half of one at a time, until the JSON of the bundle fits. Each is named in `notAnswered`.
 * The diagnosis is made anew, so that it is one of what is left.
 * @returns undefined if the bundle is too large even without lists
 */
export function fitted(bundle: Bundle, maxBytes: number): Bundle | undefined {
  if (bytesOf(bundle) <= maxBytes) return bundle;
  const { diagnosis: _, diagnosisEverywhere: __, notAnswered, ...rest } = structuredClone(bundle);
  const cut = new Set<string>();
  for (;;) {
    const longest = listsIn(rest).reduce<List | undefined>(longer, undefined);
    if (!longest || longest.members.length === 0) return undefined;
    longest.members.splice(Math.floor(longest.members.length / 2));
    cut.add(longest.path);
    const named = [...cut].map((path) => ({ path, code: CUT }));
    const facts: Facts = { ...rest, notAnswered: [...(notAnswered ?? []), ...named] };
    const smaller = judged(facts);
    if (bytesOf(smaller) <= maxBytes) return smaller;
  }
}

const longer = (found: List | undefined, list: List): List =>
  found && found.members.length >= list.members.length ? found : list;

/** Every list, the outer ones first. */
function listsIn(value: unknown, path = ''): List[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = Array.isArray(value) ? [{ path, members: value }] : [];
  const below = Object.entries(value).flatMap(([name, member]) =>
    listsIn(member, path === '' ? name : `${path}.${name}`),
  );
  return [...own, ...below];
}
