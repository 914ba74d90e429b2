/** The thresholds of a Coder deployment, which its releases have built in. Pure. */
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

/** The day on which leases were shortened, and the first release after it by the calendar: there is one each month. */
const SHORTENED_ON = '2026-09-15';
const SHORTENED_IN: readonly [number, number] = [2, 38];

/** As `CODER_RELEASE` says it: a version, or the day of a build. */
export const CODER_RELEASE_FORM = /^(v?\d+\.\d+(\.\d+)?|\d{4}-\d\d-\d\d)$/;

/** @param release a version, or the day of a build; undefined: the newest that is known */
export function coderThresholds(release: string | undefined): CoderThresholds {
  return release !== undefined && isBeforeShortening(release) ? UNTIL_LEASES_WERE_SHORTENED : NEWEST;
}

/** @param release a version, whatever follows its number, or a day */
export function isBeforeShortening(release: string): boolean {
  if (/^\d{4}-/.test(release)) return release < SHORTENED_ON;
  const [major = 0, minor = 0] = release
    .replace(/^v/, '')
    .split('.')
    .map((part) => Number.parseInt(part, 10));
  return major < SHORTENED_IN[0] || (major === SHORTENED_IN[0] && minor < SHORTENED_IN[1]);
}
