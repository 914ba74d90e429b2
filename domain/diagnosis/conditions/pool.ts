/** Conditions on the slots that all replicas of a platform together have. */
import type { Situation } from '../situation.ts';
import type { Condition } from './time.ts';

/** Slots taken and slots in all; undefined unless both are known. */
export function poolOf({ database }: Situation): { kind: string | null; used: number; capacity: number } | undefined {
  const { kind = null, used = null, capacity = null } = database?.trouble?.pool ?? {};
  return used === null || capacity === null ? undefined : { kind, used, capacity };
}

/** True if all replicas share slots, and the number taken could not be read. */
export const slotsNotKnown: Condition = (s) =>
  s.platform === 'coder' && poolOf(s) === undefined && s.database?.unreadable?.includes('trouble') === true;

export const poolIsFull: Condition = (s) => {
  const pool = poolOf(s);
  return pool !== undefined && pool.used === pool.capacity;
};

/** True if more slots are taken than there are: the setting is too low, and a free slot cannot be told. */
export const capacityIsWrong: Condition = (s) => {
  const pool = poolOf(s);
  return pool !== undefined && pool.used > pool.capacity;
};
