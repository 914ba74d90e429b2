/** Puts what one subgraph says of an object beside what others said of it. */
import { isObject, type Json, setOwn } from '../../common/json.ts';

/**
 * Adds the keys of `source` to `target`; where both hold objects, or lists of the same length, these are merged the same way.
 * What `source` holds may be part of `target` afterwards: it belongs to this answer alone.
 * @param keys the only ones to look at; unset: all
 */
export function mergeInto(target: Json, source: Json, keys: readonly string[] = Object.keys(source)): void {
  for (const key of keys) {
    const value = Object.hasOwn(source, key) ? source[key] : undefined;
    if (value === undefined) continue;
    const known = Object.hasOwn(target, key) ? target[key] : undefined;
    if (isObject(known) && isObject(value)) mergeInto(known, value);
    else if (!mergeLists(known, value)) setOwn(target, key, value);
  }
}

function mergeLists(known: unknown, value: unknown): boolean {
  if (!Array.isArray(known) || !Array.isArray(value) || known.length !== value.length) return false;
  for (const [i, item] of value.entries()) {
    const before: unknown = known[i];
    if (isObject(before) && isObject(item)) mergeInto(before, item);
    else known[i] = item;
  }
  return true;
}
