/**
 * A chat as the rules see it: the fields that `diagnosis` and `diagnosisEverywhere` require of both halves. Any of them may
 * be missing, because what holds it could not be read: null then, like what is null of itself.
 */
import { z } from 'zod';
import { EXECUTION_STATES } from '../../common/executionState.ts';

/** What is no such value counts as not known. */
const known = <T>(shape: z.ZodType<T>) =>
  shape
    .nullish()
    .catch(null)
    .transform((value): T | null => value ?? null);

const text = known(z.string());
const count = known(z.number());
const flag = known(z.boolean());
/** Seconds, as whoever's clock it is measured them. */
const seconds = known(z.number());

const heartbeat = z.object({ ageSeconds: seconds, staleAfterSeconds: seconds });

const database = z.object({
  status: text,
  archived: flag,
  queueDepth: count,
  workerId: text,
  runnerId: text,
  snapshotVersion: count,
  historyVersion: count,
  generationAttempt: count,
  updatedAgeSeconds: seconds,
  lastError: known(z.object({ kind: text, message: text })),
  retryState: known(z.object({ attempt: count, error: text, kind: text })),
  retrySecondsLeft: seconds,
  requiresActionSecondsLeft: seconds,
  heartbeatState: known(z.enum(['FRESH', 'STALE', 'MISSING'])),
  heartbeatsReadable: flag,
  heartbeat: known(heartbeat),
});

const runner = z.object({
  runnerId: text,
  phase: text,
  uptimeSeconds: seconds,
  snapshotVersion: count,
  idleSeconds: seconds,
  activeTask: known(
    z.object({
      kind: text,
      secondsSinceProgress: seconds,
      secondsUntilRetry: seconds,
      attempt: count,
      lastError: text,
    }),
  ),
  tasks: known(z.array(z.object({ kind: text, historyVersion: count, attempt: count }))),
  lease: known(
    z.object({ ageSeconds: seconds, intervalSeconds: seconds, staleAfterSeconds: seconds, consecutiveFailures: count }),
  ),
});

const runtime = z.object({
  workerId: text,
  reachability: known(z.object({ status: text, reason: text })),
  localWorkerId: text,
  workerIdMatchesLocal: flag,
  eventLoopDelayMs: count,
  runners: known(z.array(runner)),
  messageBuffers: known(
    z.array(
      z.object({ historyVersion: count, generationAttempt: count, partsDropped: count, isClosed: known(z.boolean()) }),
    ),
  ),
});

const snapshot = z.object({
  chatId: z.string(),
  executionState: known(z.enum(EXECUTION_STATES)),
  database: known(database),
  runtime: known(runtime),
  everywhere: known(z.array(runtime)),
});

export type Snapshot = z.output<typeof snapshot>;
export type Runtime = z.output<typeof runtime>;
export type Runner = z.output<typeof runner>;

/**
 * Reads a representation of a gateway. Whatever is not as it should be is not known.
 * @throws ZodError if it is no object with a chat's id
 */
export const readSnapshot = (representation: unknown): Snapshot => snapshot.parse(representation);

/** The value at a path such as `runtime.runners[0].phase`, as text; `null` where there is none. */
export function valueAt(value: Snapshot, path: string): string {
  let here: unknown = value;
  for (const [step] of path.matchAll(/[^.[\]]+/g)) {
    here = typeof here === 'object' && here !== null ? Reflect.get(here, step) : undefined;
  }
  if (typeof here === 'string') return here;
  return Array.isArray(here) ? `${here.length} of them` : (JSON.stringify(here) ?? 'null');
}
