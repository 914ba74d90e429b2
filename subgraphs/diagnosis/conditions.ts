/** The conditions of the rules, by name. What is not known fulfils none. */
import { atWork, over, type Situation } from './situation.ts';

/** A row, or a runner, younger than this may be one that the other half had not seen yet. */
const SETTLED_SECONDS = 2;
/** A retry is overdue, not just about to be made. */
const RETRY_GRACE_SECONDS = 5;
const MANY_ATTEMPTS = 5;
const MANY_FAILED_RENEWALS = 2;
const WAITING_FOR_OUTSIDE = ['A0', 'A1'];

type Condition = (s: Situation) => boolean;

const rowIsOlderThan = (s: Situation, seconds: number) => over(s.database?.updatedAgeSeconds, seconds);
const settled: Condition = (s) => rowIsOlderThan(s, SETTLED_SECONDS);
const ownerAnswers: Condition = (s) => s.owner === 'OK';
const past = (secondsLeft: number | null | undefined, grace: number) =>
  secondsLeft !== null && secondsLeft !== undefined && -secondsLeft > grace;

export const invalid: Condition = (s) => s.state === 'INVALID';

export const ownerUnknown: Condition = (s) => s.runnable && s.owner === 'UNKNOWN_REPLICA';
export const ownerStopped: Condition = (s) => s.runnable && s.owner === 'STOPPED';
export const ownerUnreachable: Condition = (s) =>
  s.runnable && !['OK', 'UNKNOWN_REPLICA', 'STOPPED', 'UNOWNED', 'NOT_KNOWN'].includes(s.owner);
/** Not when nothing is known of the lease. */
export const leaseIsNotFresh: Condition = (s) => !['FRESH', 'NOT_KNOWN'].includes(s.lease);

export const noOwner: Condition = (s) =>
  s.runnable && s.database !== null && (s.workerId === null || s.runnerId === null);
export const shouldHaveBeenPickedUp: Condition = (s) => rowIsOlderThan(s, s.pickUpSeconds);

/** Counted once the younger of them has been there long enough for the older to have noticed that it lost the chat. */
export const duplicateRunners: Condition = (s) => {
  const working = s.runners.filter(atWork);
  return working.length > 1 && working.every(({ value }) => over(value.uptimeSeconds, SETTLED_SECONDS));
};
/** Counted once the row's own runner, or the row, has been there long enough for the other to have noticed. */
export const runnerElsewhere: Condition = (s) =>
  s.elsewhere.length > 0 && over(s.rowRunner?.value.uptimeSeconds ?? s.database?.updatedAgeSeconds, SETTLED_SECONDS);

const runnerShouldBeThere: Condition = (s) => s.runnable && s.runnerId !== null && ownerAnswers(s) && settled(s);
export const runnerMissing: Condition = (s) => runnerShouldBeThere(s) && s.runners.length === 0;
export const runnerMismatch: Condition = (s) => runnerShouldBeThere(s) && s.runners.length > 0 && !s.rowRunner;

export const heartbeatMissing: Condition = (s) => s.runnable && s.lease === 'MISSING';
export const heartbeatStale: Condition = (s) => s.runnable && s.lease === 'STALE';
/** While it has not run out: what the database says of it, if it says anything, is that it is fresh. */
export const leaseEndangered: Condition = (s) => {
  if (!s.runnable || s.runnerId === null || leaseIsNotFresh(s)) return false;
  const own = s.rowRunner?.value.lease;
  const late = (s.intervalSeconds + s.staleAfterSeconds) / 2;
  const failures = own?.consecutiveFailures ?? 0;
  return (
    over(s.database?.heartbeat?.ageSeconds, late) || over(own?.ageSeconds, late) || failures >= MANY_FAILED_RENEWALS
  );
};

/** One that has handled no version at all is behind any. */
export const isBehind: Condition = (s) =>
  s.rowRunner !== undefined && over(s.database?.snapshotVersion, s.rowRunner.value.snapshotVersion ?? 0);
export const runnerBehind: Condition = (s) => s.runnable && isBehind(s) && rowIsOlderThan(s, 2 * s.intervalSeconds);

export const runnerIdle: Condition = (s) =>
  s.runnable &&
  s.rowRunner?.value.phase === 'RUNNING' &&
  s.rowRunner.value.activeTask === null &&
  over(s.rowRunner.value.idleSeconds, 2 * s.intervalSeconds);

export const noProgress: Condition = (s) => {
  const task = s.rowRunner?.value.activeTask;
  return (
    s.runnable &&
    s.retrySeconds === null &&
    (task?.kind === 'GENERATION' || task?.kind === 'INTERRUPT') &&
    over(task.secondsSinceProgress, s.settings.noProgressSeconds)
  );
};

export const retryOverdue: Condition = (s) => past(s.retrySeconds, RETRY_GRACE_SECONDS);
export const inBackoff: Condition = (s) => s.retrySeconds !== null && !retryOverdue(s);
export const attempts = (s: Situation): number =>
  s.database?.retryState?.attempt ?? s.rowRunner?.value.activeTask?.attempt ?? s.database?.generationAttempt ?? 0;
export const manyAttempts: Condition = (s) => attempts(s) >= MANY_ATTEMPTS;

export const waitsForOutside: Condition = (s) => s.state !== null && WAITING_FOR_OUTSIDE.includes(s.state);
export const actionDeadlinePassed: Condition = (s) =>
  waitsForOutside(s) && past(s.database?.requiresActionSecondsLeft, s.pickUpSeconds);
export const actionPending: Condition = (s) => waitsForOutside(s) && !actionDeadlinePassed(s);

export const errored: Condition = (s) => s.state === 'E0' || s.state === 'E1';
export const queueBlocked: Condition = (s) => s.state === 'E1';

/** Paths of the current episode's buffers that were too small. */
export const fullBuffers = ({ runtime, database }: Situation): string[] =>
  buffers(runtime).flatMap(({ value, path }) => {
    const current =
      value.historyVersion === database?.historyVersion && value.generationAttempt === database?.generationAttempt;
    return current && over(value.partsDropped, 0) ? [path] : [];
  });
export const bufferFull: Condition = (s) => ownerAnswers(s) && fullBuffers(s).length > 0;

/** Paths of the open buffers that no unfinished task of any runner writes to. */
export const orphanedBuffers = ({ runtime, runners }: Situation): string[] => {
  const tasks = runners.flatMap(({ value }) => value.tasks ?? []);
  return buffers(runtime).flatMap(({ value, path }) => {
    const written = tasks.some(
      ({ kind, historyVersion, attempt }) =>
        kind === 'GENERATION' && historyVersion === value.historyVersion && attempt === value.generationAttempt,
    );
    return value.isClosed === false && !written ? [path] : [];
  });
};
export const bufferOrphaned: Condition = (s) => ownerAnswers(s) && orphanedBuffers(s).length > 0;

const buffers = (runtime: Situation['runtime']) =>
  (runtime?.value.messageBuffers ?? []).map((value, i) => ({ value, path: `${runtime?.path}.messageBuffers[${i}]` }));
