/**
 * Break-offs of the work on one state of a chat: failures that are not the model's and do not pass by themselves. Pure.
 * The pause before a new try grows each time. After the third the work is given up.
 */
import { databaseFailure } from '../../../domain/databaseFailures.ts';
import { retryDelayMs } from './backoff.ts';
import { failureName } from './databaseFailure.ts';

const GIVEN_UP_AFTER = 3;

export interface BreakOffs {
  readonly count: number;
  /** Reason of the last one, in one word without content; null: there was none. */
  readonly last: string | null;
}

export const NEVER: BreakOffs = { count: 0, last: null };

export const brokeOff = ({ count }: BreakOffs, error: unknown): BreakOffs => ({
  count: count + 1,
  last: failureName(error),
});

/** True if a new try is of no use. */
export const isGivenUp = ({ count }: BreakOffs): boolean => count >= GIVEN_UP_AFTER;

/**
 * Milliseconds before the next try; 0 before the one that gives up.
 * @param random from 0 up to 1
 */
export const pauseMs = ({ count }: BreakOffs, random: number): number =>
  count === GIVEN_UP_AFTER ? 0 : retryDelayMs(count, random);

/** Error message of a turn that ends for it, with the remedy where it is known. */
export function brokenTurn({ count, last }: BreakOffs): string {
  const times = count === 1 ? 'once' : `${count} times`;
  const failure = databaseFailure(last ?? '');
  const why = failure ? `the database ${failure.says} (${last}); ${failure.mend}` : last;
  return `The turn broke off ${times}: ${why}`;
}
