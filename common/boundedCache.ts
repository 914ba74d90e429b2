/** Values by key, the least recently used of which go first. */
export interface BoundedCache<V> {
  get(key: string): V | undefined;
  /** Forgets others until all that is held is within the bound; a value that alone is over it is not kept. */
  set(key: string, value: V): void;
  delete(key: string): void;
}

/** @param bound on the sum of all sizes @param sizeOf a value's size; must stay the same */
export function makeBoundedCache<V>(
  bound: number,
  sizeOf: (key: string, value: V) => number = () => 1,
): BoundedCache<V> {
  const held = new Map<string, { readonly value: V; readonly size: number }>();
  let total = 0;
  const remove = (key: string) => {
    total -= held.get(key)?.size ?? 0;
    held.delete(key);
  };
  return {
    get: (key) => {
      const found = held.get(key);
      if (!found) return undefined;
      held.delete(key); // a Map keeps the order of insertion
      held.set(key, found);
      return found.value;
    },
    set: (key, value) => {
      remove(key);
      const size = sizeOf(key, value);
      if (size > bound) return;
      held.set(key, { value, size });
      total += size;
      for (const oldest of held.keys()) {
        if (total <= bound) return;
        remove(oldest);
      }
    },
    delete: remove,
  };
}
