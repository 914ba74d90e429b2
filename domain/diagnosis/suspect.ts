/** Which chats look like trouble by their rows alone: what the database subgraph lists as `suspect`, said by the rules. */
import { QUESTION_NAMES } from './conditions/row.ts';
import type { DiagnosisSettings } from './diagnosis.ts';
import { type Found, findAll, has } from './findings.ts';
import { type Situation, situationOf } from './situation.ts';
import type { Runtime, Snapshot } from './snapshot.ts';

/** A chat at rest without an answer is old news after so long, in seconds. */
const UNANSWERED_FOR_SECONDS = 86_400;

const NOT_ASKED: Omit<Runtime, 'workerId'> = {
  reachability: { status: 'NOT_ASKED', reason: null },
  ...{ localWorkerId: null, workerIdMatchesLocal: null, eventLoopDelayMs: null, runners: null, messageBuffers: null },
};

/** What keeps workers from the row is no property of the row. */
const NOT_LOOKED_FOR = {
  ...{ canWrite: null, rowLocked: null, rowLockedSeconds: null, rowAwaited: null, readersKeptOut: null },
};

/** The row half alone: no replica asked, and nothing of what a list cannot look for in each row. */
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

/** Whether the rules, on the row half alone, find what a list of suspects is for. */
export function suspectByRules(snapshot: Snapshot, settings: DiagnosisSettings): boolean {
  const situation = situationOf(rowHalf(snapshot), settings);
  const found = findAll(situation);
  return found.some((one) => (one.severity !== 'INFO' || one.rule.code === 'QUIET') && counts(one, situation, found));
}

/** Two findings are too common to make a suspect each time. */
function counts({ rule: { code } }: Found, { database, age }: Situation, found: readonly Found[]): boolean {
  if (code === 'ERRORED') return has(found, 'QUEUE_BLOCKED') || database?.lastError?.retryable === false;
  if (code === 'UNANSWERED') return age === null || age <= UNANSWERED_FOR_SECONDS;
  return true;
}
