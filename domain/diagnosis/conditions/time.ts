/** How old a row must be for a rule. What is not known fulfils no condition. */
import { over, type Situation } from '../situation.ts';

export type Condition = (s: Situation) => boolean;

/** A row, or a runner, younger than this may be one that the other half had not seen yet. */
export const SETTLED_SECONDS = 2;

/** A row ahead of the database's clock is older than anything: its age would never tell. */
export const rowIsOlderThan = (s: Situation, seconds: number): boolean => s.rowAhead || over(s.age, seconds);
export const settled: Condition = (s) => rowIsOlderThan(s, SETTLED_SECONDS);
/** Workers have had the time to look for the chat. */
export const shouldHaveBeenPickedUp: Condition = (s) => rowIsOlderThan(s, s.pickUpSeconds);

export const past = (secondsLeft: number | null | undefined, grace: number): boolean =>
  secondsLeft !== null && secondsLeft !== undefined && -secondsLeft > grace;
