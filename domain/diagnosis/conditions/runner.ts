/** Conditions on the runners that replicas hold for the chat. */
import { atWork, over } from '../situation.ts';
import { type Condition, rowIsOlderThan, SETTLED_SECONDS, settled } from './time.ts';

/** True once the younger runner has been there long enough for the older to notice its loss. */
export const duplicateRunners: Condition = (s) => {
  const working = s.runners.filter(atWork);
  return working.length > 1 && working.every(({ value }) => over(value.uptimeSeconds, SETTLED_SECONDS));
};
/** True once the row, and its own runner, have been there long enough for the other runner to notice. */
export const runnerElsewhere: Condition = (s) => {
  const uptime = s.rowRunner?.value.uptimeSeconds ?? null;
  return s.elsewhere.length > 0 && (uptime === null ? settled(s) : over(uptime, SETTLED_SECONDS));
};

const runnerShouldBeThere: Condition = (s) => s.runnable && s.runnerId !== null && s.owner === 'OK' && settled(s);
export const runnerMissing: Condition = (s) => runnerShouldBeThere(s) && s.runners.length === 0;
export const runnerMismatch: Condition = (s) => runnerShouldBeThere(s) && s.runners.length > 0 && !s.rowRunner;

/** True for an older version; a missing or unknown one is not behind. */
const isBehind: Condition = (s) => {
  const handled = s.rowRunner?.value.snapshotVersion ?? null;
  return handled !== null && over(s.database?.snapshotVersion, handled);
};
export const runnerBehind: Condition = (s) => s.runnable && isBehind(s) && rowIsOlderThan(s, 2 * s.intervalSeconds);

/** True for a runner idle so long that it will never begin. */
export const runnerIdle: Condition = (s) =>
  s.runnable &&
  ['STARTING', 'RUNNING'].includes(s.rowRunner?.value.phase ?? '') &&
  s.task === null &&
  over(s.rowRunner?.value.idleSeconds, 2 * s.intervalSeconds);
