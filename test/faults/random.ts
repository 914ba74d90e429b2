/** Repeatable chance: everything that a run plans is drawn from its seed. */

export interface Random {
  /** Draws from `low` up to, not including, `high`. */
  between(low: number, high: number): number;
  /** Draws from 0 up to, not including, `count`. */
  below(count: number): number;
  pick<T>(from: readonly [T, ...T[]]): T;
  shuffle<T>(list: readonly T[]): T[];
}

/** Marsaglia's xorshift on 32 bits: enough to spread faults. @param seed any integer */
export function randomFrom(seed: number): Random {
  let state = (seed ^ 0x9e3779b9) | 0 || 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  for (let round = 0; round < 10; round += 1) next(); // neighbouring seeds part
  const below = (count: number) => Math.floor(next() * count);
  return {
    below,
    between: (low, high) => low + next() * (high - low),
    pick: (from) => from[below(from.length)] ?? from[0],
    shuffle: (list) => {
      const keyed = list.map((value) => ({ value, key: next() }));
      return keyed.sort((one, other) => one.key - other.key).map(({ value }) => value);
    },
  };
}
