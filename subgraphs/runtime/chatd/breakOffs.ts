/**
 * How often the work on one state of a chat broke off: failed in a way that is neither the model's nor one that passes by
 * itself. Pure. Each time the pause before it is begun again grows; after the third time it is not done any more.
 */
import { databaseFailure } from '../../../domain/databaseFailures.ts';
import { retryDelayMs } from './backoff.ts';
import { failureName } from './databaseFailure.ts';

const GIVEN_UP_AFTER = 3;

export interface BreakOffs {
  readonly count: number;
  /** Why it broke off last, in one word without content; null: it did not. */
  readonly last: string | null;
}

export const NEVER: BreakOffs = { count: 0, last: null };

export const brokeOff = ({ count }: BreakOffs, error: unknown): BreakOffs => ({
  count: count + 1,
  last: failureName(error),
});

/** Whether to do it again is of no use. */
export const isGivenUp = ({ count }: BreakOffs): boolean => count >= GIVEN_UP_AFTER;

/** Milliseconds before the next try. None before the one that gives up. @param random from 0 up to 1 */
export const pauseMs = ({ count }: BreakOffs, random: number): number =>
  count === GIVEN_UP_AFTER ? 0 : retryDelayMs(count, random);

/** What a turn fails with that ends for it: with what mends the cause, where that is known. */
export function brokenTurn({ count, last }: BreakOffs): string {
  const times = count === 1 ? 'once' : `${count} times`;
  const failure = databaseFailure(last ?? '');
  const why = failure ? `the database ${failure.says} (${last}); ${failure.mend}` : last;
  return `The turn broke off ${times}: ${why}`;
}
