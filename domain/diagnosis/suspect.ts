/**
 * Chats that look like trouble by their rows alone. The database subgraph lists them as `suspect`; here the rules say
 * so.
 */

import { QUESTION_NAMES } from './conditions/row.ts';
import type { DiagnosisSettings } from './diagnosis.ts';
import { type Found, findAll, has } from './findings.ts';
import { UNANSWERED_FOR_SECONDS } from './limits.ts';
import { type Situation, situationOf } from './situation.ts';
import type { Runtime, Snapshot } from './snapshot.ts';

const NOT_ASKED: Omit<Runtime, 'workerId'> = {
  reachability: { status: 'NOT_ASKED', reason: null },
  ...{ localWorkerId: null, workerIdMatchesLocal: null, eventLoopDelayMs: null, runners: null, messageBuffers: null },
};

/** Fields that a list does not look for: what keeps workers from a row is no property of the row. */
const NOT_LOOKED_FOR = {
  ...{ canWrite: null, rowLocked: null, rowLockedSeconds: null, rowAwaited: null, readersKeptOut: null },
};

/** Row half of a snapshot: no replica asked, and only what a list can look for in each row. */
export function rowHalf(snapshot: Snapshot): Snapshot {
  const { database } = snapshot;
  const workerId = database?.workerId ?? null;
  return {
    ...snapshot,
    ...{ candidates: null, everywhere: null, runtime: workerId === null ? null : { ...NOT_ASKED, workerId } },
    database: database && {
      ...database,
      debugRun: null,
      trouble: database.trouble && { ...database.trouble, ...NOT_LOOKED_FOR },
      unreadable: database.unreadable?.filter((name) => !QUESTION_NAMES.includes(name)) ?? null,
    },
  };
}

/** True if the rules find trouble in the row half alone. */
export function suspectByRules(snapshot: Snapshot, settings: DiagnosisSettings): boolean {
  const situation = situationOf(rowHalf(snapshot), settings);
  const found = findAll(situation);
  return found.some((one) => (one.severity !== 'INFO' || one.rule.code === 'QUIET') && counts(one, situation, found));
}

/** True if a finding makes a suspect. Two of them are too common to count each time. */
function counts({ rule: { code } }: Found, { database, age }: Situation, found: readonly Found[]): boolean {
  if (code === 'ERRORED') return has(found, 'QUEUE_BLOCKED') || database?.lastError?.retryable === false;
  if (code === 'UNANSWERED') return age === null || age <= UNANSWERED_FOR_SECONDS;
  return true;
}
