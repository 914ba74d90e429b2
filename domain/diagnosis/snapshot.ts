/**
 * A chat as the rules see it: the fields that `diagnosis` and `diagnosisEverywhere` require of both halves.
 * Any of them may be missing, because its source could not be read. Null means unknown, for every rule.
 */
import * as z from 'zod';
import { cut } from '../cut.ts';
import { EXECUTION_STATES } from '../executionState.ts';
import { shownFigures } from './figures.ts';

/** Reads a value; one of another shape counts as not known. */
export const known = <T>(shape: z.ZodType<T>) =>
  shape
    .nullish()
    .catch(null)
    .transform((value): T | null => value ?? null);

export const text = known(z.string());
export const count = known(z.number());
export const flag = known(z.boolean());
/** Seconds, by the clock of the half that measured them. */
export const seconds = known(z.number());

/** JSON column, which anybody may have written in any form. A value that is not null is at least known to exist. */
export const json = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.preprocess((value) => {
    if (value === null || value === undefined) return null;
    return typeof value === 'object' && !Array.isArray(value) ? value : {};
  }, z.object(shape).nullable());

export const thresholds = z.object({
  ...{ staleAfterSeconds: seconds, heartbeatIntervalSeconds: seconds, acquisitionIntervalSeconds: seconds },
  ...{ noProgressSeconds: seconds, clockAheadSeconds: seconds, longestRetrySeconds: seconds },
  ...{ loopSteps: count, spinningAttempts: count, ownersLostWarn: count, ownersLostCritical: count },
});

const ownerRow = known(z.enum(['ALIVE', 'STALE', 'STOPPED', 'MISSING']));

export const trouble = z.object({
  canWrite: flag,
  isInRecovery: flag,
  replayLagSeconds: seconds,
  rowLocked: flag,
  rowLockedSeconds: seconds,
  rowAwaited: flag,
  readersKeptOut: flag,
  ownerRow,
  liveReplicas: count,
  platform: text,
  pool: known(z.object({ kind: text, used: count, capacity: count })),
  thresholds: known(thresholds),
});

export const database = z.object({
  status: text,
  archived: flag,
  queueDepth: count,
  oldestQueuedAgeSeconds: seconds,
  workerId: text,
  runnerId: text,
  snapshotVersion: count,
  historyVersion: count,
  generationAttempt: count,
  retryStateVersion: count,
  updatedAgeSeconds: seconds,
  lastError: json({ kind: text, message: text, status_code: count, retryable: flag }),
  retryState: json({ attempt: count, error: text, kind: text }),
  retrySecondsLeft: seconds,
  requiresActionSecondsLeft: seconds,
  heartbeatState: known(z.enum(['FRESH', 'STALE', 'MISSING'])),
  heartbeatsReadable: flag,
  heartbeat: known(z.object({ ageSeconds: seconds, staleAfterSeconds: seconds })),
  heartbeats: known(z.array(z.object({ runnerId: text, ageSeconds: seconds }))),
  lastMessage: known(z.object({ role: text, ageSeconds: seconds, hasText: flag, finishReason: text })),
  turn: known(z.object({ ageSeconds: seconds, steps: count, toolCalls: count })),
  openCalls: known(z.array(z.object({ id: text, toolName: text, ageSeconds: seconds, timesUnanswered: count }))),
  lostChildren: known(z.array(z.object({ chatId: text, executionState: text }))),
  trouble: known(trouble),
  debugRun: known(z.object({ status: text, ageSeconds: seconds, hasEnded: flag })),
  unreadable: known(z.array(z.string())),
});

const task = z.object({ kind: text, attempt: count });
export const activeTask = task.extend({
  secondsSinceProgress: seconds,
  secondsUntilRetry: seconds,
  lastError: text,
  breakOffs: count,
  lastBreakOff: text,
  waitsForDatabaseSeconds: seconds,
  databaseError: text,
  label: text,
  maxAttempts: count,
  progressWithinSeconds: seconds,
});

export const runner = z.object({
  runnerId: text,
  phase: text,
  uptimeSeconds: seconds,
  snapshotVersion: count,
  idleSeconds: seconds,
  activeTask: known(activeTask),
  tasks: known(z.array(task.extend({ historyVersion: count }))),
  lease: known(
    z.object({
      ...{ ageSeconds: seconds, intervalSeconds: seconds, staleAfterSeconds: seconds },
      ...{ consecutiveFailures: count, lastError: text },
    }),
  ),
});

export const runtime = z.object({
  workerId: text,
  reachability: known(z.object({ status: text, reason: text })),
  localWorkerId: text,
  workerIdMatchesLocal: flag,
  eventLoopDelayMs: count,
  runners: known(z.array(runner)),
  messageBuffers: known(
    z.array(z.object({ historyVersion: count, generationAttempt: count, partsDropped: count, isClosed: flag })),
  ),
});

export const candidate = z.object({
  workerId: text,
  reachability: known(z.object({ status: text })),
  isFull: flag,
  roomSeconds: seconds,
  isDraining: flag,
  runnerCount: count,
  capacity: count,
  acquisitionError: text,
  refusedChats: known(z.array(z.object({ chatId: text, reason: text }))),
});

/** Time for which one owner held the chat, by the chat's history. */
export const owner = z.object({
  workerId: text,
  runnerId: text,
  ageSeconds: seconds,
  seconds,
  ended: known(z.enum(['FINISHED', 'HANDED_OVER', 'TAKEN_OVER', 'RELEASED'])),
  stepsCommitted: count,
  attempts: count,
  ownerRow,
});

export const snapshot = z.object({
  chatId: z.string(),
  executionState: known(z.enum(EXECUTION_STATES)),
  database: known(database),
  recentOwners: known(z.array(owner)),
  candidates: known(z.array(candidate)),
  runtime: known(runtime),
  everywhere: known(z.array(runtime)),
});

export type Snapshot = z.output<typeof snapshot>;
export type Runtime = z.output<typeof runtime>;
export type Runner = z.output<typeof runner>;
export type Task = z.output<typeof activeTask>;
export type Owner = z.output<typeof owner>;
export type Candidate = z.output<typeof candidate>;

/**
 * Reads a representation from a gateway. A value of the wrong shape counts as unknown.
 * @throws ZodError if it is no object with a chat's id
 */
export const readSnapshot = (representation: unknown): Snapshot => snapshot.parse(representation);

/** Characters of evidence that are shown; a column may hold megabytes. */
const LONGEST_VALUE = 600;

/** Value at a path such as `runtime.runners[0].phase`, as shortened text; `null` where there is none. */
export function valueAt(value: Snapshot, path: string): string {
  let here: unknown = value;
  for (const [step] of path.matchAll(/[^.[\]]+/g)) {
    here = typeof here === 'object' && here !== null ? Reflect.get(here, step) : undefined;
  }
  if (Array.isArray(here)) return `${here.length} of them`;
  return cut(typeof here === 'string' ? here : (JSON.stringify(here, shownFigures) ?? 'null'), LONGEST_VALUE);
}
