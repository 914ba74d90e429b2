/** Settings that set thresholds, and the thresholds that they make. */
import { LONGEST_RETRY_SECONDS, type Thresholds } from '../../domain/thresholds.ts';
import type { SettingName, Settings } from './settings.ts';

/** Threshold by setting. */
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

/** Thresholds whose settings are among `given`; the platform decides the others. */
export function thresholdsGiven(
  read: Settings<ThresholdSetting>,
  given: ReadonlySet<SettingName>,
): Partial<Thresholds> {
  const settings = THRESHOLD_SETTINGS.filter((name) => given.has(name));
  return Object.fromEntries(settings.map((name) => [THRESHOLD_OF[name], read[name]]));
}
