/** The thresholds by which the database subgraph and the diagnosis judge a chat: one set, so that the two cannot differ. */
import { type SettingName, type Settings, settings } from './settings.ts';

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

/** By setting, the threshold that it sets. */
const THRESHOLD_OF = {
  HEARTBEAT_STALE_SECONDS: 'staleAfterSeconds',
  HEARTBEAT_INTERVAL_SECONDS: 'heartbeatIntervalSeconds',
  ACQUISITION_INTERVAL_SECONDS: 'acquisitionIntervalSeconds',
  NO_PROGRESS_SECONDS: 'noProgressSeconds',
  CLOCK_AHEAD_SECONDS: 'clockAheadSeconds',
  LOOP_STEPS: 'loopSteps',
  SPINNING_ATTEMPTS: 'spinningAttempts',
  OWNERS_LOST_WARN: 'ownersLostWarn',
  OWNERS_LOST_CRITICAL: 'ownersLostCritical',
} as const satisfies Partial<Record<SettingName, keyof Thresholds>>;
type ThresholdSetting = keyof typeof THRESHOLD_OF;

export const THRESHOLD_SETTINGS = Object.keys(THRESHOLD_OF) as readonly ThresholdSetting[];

export const thresholdsOf = (read: Settings<ThresholdSetting>): Thresholds => ({
  staleAfterSeconds: read.HEARTBEAT_STALE_SECONDS,
  heartbeatIntervalSeconds: read.HEARTBEAT_INTERVAL_SECONDS,
  acquisitionIntervalSeconds: read.ACQUISITION_INTERVAL_SECONDS,
  noProgressSeconds: read.NO_PROGRESS_SECONDS,
  clockAheadSeconds: read.CLOCK_AHEAD_SECONDS,
  longestRetrySeconds: LONGEST_RETRY_SECONDS,
  loopSteps: read.LOOP_STEPS,
  spinningAttempts: read.SPINNING_ATTEMPTS,
  ownersLostWarn: read.OWNERS_LOST_WARN,
  ownersLostCritical: read.OWNERS_LOST_CRITICAL,
});

/** Those whose settings are among `given`: the others are for the platform to say. */
export function thresholdsGiven(
  read: Settings<ThresholdSetting>,
  given: ReadonlySet<SettingName>,
): Partial<Thresholds> {
  const settings = THRESHOLD_SETTINGS.filter((name) => given.has(name));
  return Object.fromEntries(settings.map((name) => [THRESHOLD_OF[name], read[name]]));
}

/** As they are where nothing is set. */
export const DEFAULT_THRESHOLDS: Thresholds = thresholdsOf({
  HEARTBEAT_STALE_SECONDS: settings.HEARTBEAT_STALE_SECONDS.parse(undefined),
  HEARTBEAT_INTERVAL_SECONDS: settings.HEARTBEAT_INTERVAL_SECONDS.parse(undefined),
  ACQUISITION_INTERVAL_SECONDS: settings.ACQUISITION_INTERVAL_SECONDS.parse(undefined),
  NO_PROGRESS_SECONDS: settings.NO_PROGRESS_SECONDS.parse(undefined),
  CLOCK_AHEAD_SECONDS: settings.CLOCK_AHEAD_SECONDS.parse(undefined),
  LOOP_STEPS: settings.LOOP_STEPS.parse(undefined),
  SPINNING_ATTEMPTS: settings.SPINNING_ATTEMPTS.parse(undefined),
  OWNERS_LOST_WARN: settings.OWNERS_LOST_WARN.parse(undefined),
  OWNERS_LOST_CRITICAL: settings.OWNERS_LOST_CRITICAL.parse(undefined),
});

/** The thresholds among other options; those left out are as where nothing is set. */
export function completeThresholds(given: Partial<Thresholds>): Thresholds {
  const names = Object.keys(DEFAULT_THRESHOLDS) as (keyof Thresholds)[];
  const set = names.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]]));
  return { ...DEFAULT_THRESHOLDS, ...Object.fromEntries(set) };
}
