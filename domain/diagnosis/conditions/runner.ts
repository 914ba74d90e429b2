/** Conditions on the runners that replicas hold for the chat. */
import { atWork, over } from '../situation.ts';
import { type Condition, rowIsOlderThan, SETTLED_SECONDS, settled } from './time.ts';

/** Counted once the younger of them has been there long enough for the older to have noticed that it lost the chat. */
export const duplicateRunners: Condition = (s) => {
  const working = s.runners.filter(atWork);
  return working.length > 1 && working.every(({ value }) => over(value.uptimeSeconds, SETTLED_SECONDS));
};
/** Counted once the row's own runner, or the row, has been there long enough for the other to have noticed. */
export const runnerElsewhere: Condition = (s) => {
  const uptime = s.rowRunner?.value.uptimeSeconds ?? null;
  return s.elsewhere.length > 0 && (uptime === null ? settled(s) : over(uptime, SETTLED_SECONDS));
};

const runnerShouldBeThere: Condition = (s) => s.runnable && s.runnerId !== null && s.owner === 'OK' && settled(s);
export const runnerMissing: Condition = (s) => runnerShouldBeThere(s) && s.runners.length === 0;
export const runnerMismatch: Condition = (s) => runnerShouldBeThere(s) && s.runners.length > 0 && !s.rowRunner;

/** Null is no version at all, or one that is not known: neither is behind. */
export const isBehind: Condition = (s) => {
  const handled = s.rowRunner?.value.snapshotVersion ?? null;
  return handled !== null && over(s.database?.snapshotVersion, handled);
};
export const runnerBehind: Condition = (s) => s.runnable && isBehind(s) && rowIsOlderThan(s, 2 * s.intervalSeconds);

/** One that has not begun for so long never will. */
export const runnerIdle: Condition = (s) =>
  s.runnable &&
  ['STARTING', 'RUNNING'].includes(s.rowRunner?.value.phase ?? '') &&
  s.task === null &&
  over(s.rowRunner?.value.idleSeconds, 2 * s.intervalSeconds);
