/** The thresholds by which the database subgraph and the diagnosis judge a chat: one set, so that the two cannot differ. */

/** Fields as in the type `Thresholds` of the database subgraph's schema; ages in seconds. */
export interface Thresholds {
  /** A lease, or a replica's row, older than this is lost. */
  readonly staleAfterSeconds: number;
  readonly heartbeatIntervalSeconds: number;
  readonly acquisitionIntervalSeconds: number;
  readonly noProgressSeconds: number;
  /** A row may be ahead of the database's clock by so much. */
  readonly clockAheadSeconds: number;
  /** The longest that a worker waits before it calls the model again. */
  readonly longestRetrySeconds: number;
  /** Steps of one turn beyond which it is a loop. */
  readonly loopSteps: number;
  /** Attempts without failure, commit or pause from which a worker is spinning. */
  readonly spinningAttempts: number;
  /** Attempts begun by several owners and not ended, from which owners are being lost. */
  readonly ownersLostWarn: number;
  readonly ownersLostCritical: number;
}

/** The longest pause of our worker between two calls. A provider that asks for more time ends the turn. */
export const LONGEST_RETRY_SECONDS = 600;

/** The thresholds where no setting says otherwise; the settings take their defaults from here. */
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

/** The thresholds among other options; those left out are as where nothing is set. */
export function completeThresholds(given: Partial<Thresholds>): Thresholds {
  const names = Object.keys(DEFAULT_THRESHOLDS) as (keyof Thresholds)[];
  const set = names.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]]));
  return { ...DEFAULT_THRESHOLDS, ...Object.fromEntries(set) };
}
