/** Rules on the runners that replicas hold for the chat. */
import * as is from '../conditions/runner.ts';
import { lookAtReplicas } from '../means/means.ts';
import { butFor, OPERATOR, OWNERSHIP, ofRunner, ROW, type Rule, reach, runners, TAKE, takable } from '../rule.ts';
import { atWork, type Situation } from '../situation.ts';
import { listed, ownerName, secondsText } from '../wording.ts';

export const duplicateRunners = {
  code: 'DUPLICATE_RUNNERS',
  severity: 'CRITICAL',
  when: is.duplicateRunners,
  says: (s) => `${s.runners.filter(atWork).length} runners of ${ownerName(s)} work on it at once`,
  evidence: (s) => [...OWNERSHIP, ...runners(s.runners.filter(atWork))],
  ...TAKE,
} as const satisfies Rule;

export const runnerElsewhere = {
  code: 'RUNNER_ELSEWHERE',
  severity: 'CRITICAL',
  when: is.runnerElsewhere,
  says: (s) => `replica ${elsewhere(s)} works on it and does not own it`,
  evidence: (s) => [...OWNERSHIP, ...s.elsewhere.flatMap(({ path }) => workerOf(path)), ...runners(s.elsewhere)],
  who: OPERATOR,
  act: (s) => `stop replica ${elsewhere(s)}, or wait until its lease has run out`,
  command: lookAtReplicas,
} as const satisfies Rule;

const workerOf = (path: string) => [`${path.replace(/\..*/, '')}.workerId`];
const elsewhere = (s: Situation) =>
  listed([
    ...new Set(s.elsewhere.map(({ path }) => `${s.snapshot.everywhere?.[Number(/\d+/.exec(path)?.[0])]?.workerId}`)),
  ]);

export const runnerMissing = {
  code: 'RUNNER_MISSING',
  severity: 'CRITICAL',
  when: is.runnerMissing,
  says: (s) => `${ownerName(s)} owns it and answers, but holds no runner for it${butFor(s)}`,
  evidence: (s) => [...ROW, ...reach(s), `${s.runtime?.path}.runners`, ...takable(s)],
  ...TAKE,
} as const satisfies Rule;

export const runnerMismatch = {
  code: 'RUNNER_MISMATCH',
  severity: 'CRITICAL',
  when: is.runnerMismatch,
  says: (s) => `${ownerName(s)} works on it with another runner than the one that the row names`,
  evidence: (s) => [...ROW, ...runners(s.runners)],
  ...TAKE,
} as const satisfies Rule;

export const runnerBehind = {
  code: 'RUNNER_BEHIND',
  severity: 'CRITICAL',
  when: is.runnerBehind,
  says: (s) =>
    `the runner of ${ownerName(s)} has not noticed a change of the row${s.rowAhead ? '' : ` for ${secondsText(s.age)}`}`,
  evidence: (s) => [
    'database.snapshotVersion',
    'database.updatedAgeSeconds',
    ...ofRunner(s, 'runnerId', 'snapshotVersion', 'lease.intervalSeconds'),
  ],
  ...TAKE,
} as const satisfies Rule;

export const runnerIdle = {
  code: 'RUNNER_IDLE',
  severity: 'CRITICAL',
  when: is.runnerIdle,
  says: (s) => `the runner of ${ownerName(s)} has had no task for ${secondsText(s.rowRunner?.value.idleSeconds)}`,
  evidence: (s) => [
    'executionState',
    ...ofRunner(s, 'runnerId', 'phase', 'activeTask', 'idleSeconds', 'lease.intervalSeconds'),
  ],
  ...TAKE,
} as const satisfies Rule;
