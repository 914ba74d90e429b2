/** Conditions on the slots that all replicas of a platform together have. */
import type { Situation } from '../situation.ts';
import type { Condition } from './time.ts';

/** As far as it is known how many of them are taken. */
export function poolOf({ database }: Situation): { kind: string | null; used: number; capacity: number } | undefined {
  const { kind = null, used = null, capacity = null } = database?.trouble?.pool ?? {};
  return used === null || capacity === null ? undefined : { kind, used, capacity };
}

/** All replicas share slots there, and how many are taken could not be found out. */
export const slotsNotKnown: Condition = (s) =>
  s.platform === 'coder' && poolOf(s) === undefined && s.database?.unreadable?.includes('trouble') === true;

export const poolIsFull: Condition = (s) => {
  const pool = poolOf(s);
  return pool !== undefined && pool.used === pool.capacity;
};

/** More are taken than there are: how many there are is set too low, and whether any is free is not known. */
export const capacityIsWrong: Condition = (s) => {
  const pool = poolOf(s);
  return pool !== undefined && pool.used > pool.capacity;
};
