/**
 * Thresholds by which the database subgraph and the diagnosis judge a chat. One set serves both, so that they cannot
 * differ.
 */

/** Thresholds, named as in the type `Thresholds` of the database subgraph's schema. Ages are in seconds. */
export interface Thresholds {
  /** Age from which a lease, or a replica's row, is lost. */
  readonly staleAfterSeconds: number;
  readonly heartbeatIntervalSeconds: number;
  readonly acquisitionIntervalSeconds: number;
  readonly noProgressSeconds: number;
  /** Seconds by which a row may be ahead of the database's clock. */
  readonly clockAheadSeconds: number;
  /** Longest wait of a worker before it calls the model again, in seconds. */
  readonly longestRetrySeconds: number;
  /** Steps of one turn from which it is a loop. */
  readonly loopSteps: number;
  /** Attempts without failure, commit or pause from which a worker is spinning. */
  readonly spinningAttempts: number;
  /** Attempts begun by several owners and not ended, from which owners count as being lost. */
  readonly ownersLostWarn: number;
  readonly ownersLostCritical: number;
}

/** Longest pause of our worker between two calls, in seconds. A provider that asks for more ends the turn. */
export const LONGEST_RETRY_SECONDS = 600;

/** Thresholds where no setting says otherwise. The settings take their defaults from here. */
export const DEFAULT_THRESHOLDS: Thresholds = {
  staleAfterSeconds: 30,
  heartbeatIntervalSeconds: 9,
  acquisitionIntervalSeconds: 5,
  noProgressSeconds: 60,
  clockAheadSeconds: 2,
  longestRetrySeconds: LONGEST_RETRY_SECONDS,
  loopSteps: 50,
  spinningAttempts: 5,
  ownersLostWarn: 3,
  ownersLostCritical: 5,
};

/** Thresholds among other options, completed with the defaults. */
export function completeThresholds(given: Partial<Thresholds>): Thresholds {
  const names = Object.keys(DEFAULT_THRESHOLDS) as (keyof Thresholds)[];
  const set = names.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]]));
  return { ...DEFAULT_THRESHOLDS, ...Object.fromEntries(set) };
}

/** Seconds that a second look takes when a notification was lost. */
const PICK_UP_GRACE_SECONDS = 2;

/** Seconds that a chat may take to be picked up. */
export const pickUpSeconds = ({ acquisitionIntervalSeconds }: Thresholds): number =>
  acquisitionIntervalSeconds + PICK_UP_GRACE_SECONDS;
