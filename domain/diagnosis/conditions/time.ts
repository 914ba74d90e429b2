/** Conditions on the age of a row. An unknown value fulfils none. */
import { over, type Situation } from '../situation.ts';

export type Condition = (s: Situation) => boolean;

/** Seconds; a younger row or runner may not have been seen by the other half. */
export const SETTLED_SECONDS = 2;

/** True for a row older than so many seconds, and for one ahead of the clock, whose age would never tell. */
export const rowIsOlderThan = (s: Situation, seconds: number): boolean => s.rowAhead || over(s.age, seconds);
export const settled: Condition = (s) => rowIsOlderThan(s, SETTLED_SECONDS);
/** True if workers have had the time to look for the chat. */
export const shouldHaveBeenPickedUp: Condition = (s) => rowIsOlderThan(s, s.pickUpSeconds);

export const past = (secondsLeft: number | null | undefined, grace: number): boolean =>
  secondsLeft !== null && secondsLeft !== undefined && -secondsLeft > grace;
