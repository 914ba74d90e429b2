/** The thresholds of a Coder deployment, which its releases have built in. Pure. */
import { isBeforeShortening } from './coderRelease.ts';
import type { Thresholds } from './thresholds.ts';

/** Thresholds that differ from this project's; the others are the same. */
type CoderThresholds = Pick<
  Thresholds,
  'staleAfterSeconds' | 'heartbeatIntervalSeconds' | 'acquisitionIntervalSeconds' | 'noProgressSeconds' | 'loopSteps'
>;

/**
 * How long a runnable chat may be unchanged. There `updated_at` moves with the state alone, so a step that takes minutes
 * looks old. A guard ends a silent model after 10 minutes, and a watchdog a silent runner after 15: later nothing else will.
 */
const WATCHDOG_SECONDS = 900;

/** A turn ends there after 1,200 steps, and one of a hundred is nothing unusual. */
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
