/** Thresholds that the releases of Coder have built in. Pure. */
import { isBeforeShortening } from './coderRelease.ts';
import type { Thresholds } from './thresholds.ts';

/** Thresholds that differ from this project's. */
type CoderThresholds = Pick<
  Thresholds,
  'staleAfterSeconds' | 'heartbeatIntervalSeconds' | 'acquisitionIntervalSeconds' | 'noProgressSeconds' | 'loopSteps'
>;

/**
 * Seconds for which a runnable chat may be unchanged.
 * Coder's `updated_at` moves with the state alone, so that a step of minutes looks old.
 * A guard ends a silent model after 10 minutes, and a watchdog ends a silent runner after 15. Nothing acts later than
 * that.
 */
const WATCHDOG_SECONDS = 900;

/** Steps from which a turn is a loop. Coder ends a turn after 1,200, and a hundred is nothing unusual. */
const LOOP_STEPS = 300;

const NEWEST: CoderThresholds = {
  ...{ staleAfterSeconds: 30, heartbeatIntervalSeconds: 9, acquisitionIntervalSeconds: 30 },
  ...{ noProgressSeconds: WATCHDOG_SECONDS, loopSteps: LOOP_STEPS },
};
const UNTIL_LEASES_WERE_SHORTENED: CoderThresholds = {
  ...{ staleAfterSeconds: 300, heartbeatIntervalSeconds: 30, acquisitionIntervalSeconds: 1 },
  ...{ noProgressSeconds: WATCHDOG_SECONDS, loopSteps: LOOP_STEPS },
};

/** @param release a version, or the day of a build; undefined: the newest that is known */
export function coderThresholds(release: string | undefined): CoderThresholds {
  return release !== undefined && isBeforeShortening(release) ? UNTIL_LEASES_WERE_SHORTENED : NEWEST;
}
