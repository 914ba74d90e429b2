/** Conditions on how the turn progresses. */
import {
  LONGEST_RETRY_FACTOR,
  MANY_ATTEMPTS,
  MANY_BREAK_OFFS,
  MANY_RUNNERS,
  NOT_STORED,
  RECENT_OWNERS,
  RETRY_GRACE_SECONDS,
} from '../limits.ts';
import { over, type Situation, under } from '../situation.ts';
import { waitsForWorker } from './owner.ts';
import { attemptsOfOwner, ownersThatBegan, ownersTold, passedAround } from './owners.ts';
import { waitsInVain } from './refusals.ts';
import { isBeingInterrupted, running } from './row.ts';
import { type Condition, past } from './time.ts';

/** Seconds behind a loop after which a person has waited too long. */
const WAITS_BEHIND_SECONDS = 60;

/** True for a longer pause than a worker makes. How long those behind views wait is their own business. */
export const tooFarAhead: Condition = (s) =>
  s.platform !== 'views' && over(s.retrySeconds, s.settings.longestRetrySeconds * LONGEST_RETRY_FACTOR);
/** True if a worker should have made the call. A chat that waits for a worker has time for it first. */
export const retryOverdue: Condition = (s) =>
  (past(s.retrySeconds, RETRY_GRACE_SECONDS) && !waitsForWorker(s)) || tooFarAhead(s);
export const inBackoff: Condition = (s) => s.retrySeconds !== null && !retryOverdue(s);
/** Failed model calls, by the row or by the task; null: nobody counts them. */
export const failures = (s: Situation): number | null => s.database?.retryState?.attempt ?? s.task?.attempt ?? null;
export const manyAttempts: Condition = (s) => (failures(s) ?? 0) >= MANY_ATTEMPTS;
/** True if the worker could not store what the model said last. On another platform that kind may mean something else. */
export const notStored: Condition = ({ platform, database }) =>
  platform === 'own' && database?.retryState?.kind === NOT_STORED;

/** Attempts of the present history that began and neither failed nor led anywhere; 0 where that is not known. */
function begunInVain(s: Situation): number {
  const { retryState, retryStateVersion, historyVersion, generationAttempt } = s.database ?? {};
  if (!running(s) || retryState !== null || typeof retryStateVersion !== 'number') return 0;
  if (typeof historyVersion !== 'number' || retryStateVersion > historyVersion) return 0;
  return generationAttempt ?? 0;
}
/** Number of different runners that have or had a lease on the chat. */
const runnersWithLeases = ({ database }: Situation) =>
  new Set((database?.heartbeats ?? []).flatMap(({ runnerId }) => runnerId ?? [])).size;
/** True if so many attempts were begun in vain, by as many owners as far as the history tells them. */
const begunByOwners = (s: Situation, attempts: number): boolean =>
  begunInVain(s) >= attempts && (ownersTold(s) === null || ownersThatBegan(s) >= Math.min(attempts, RECENT_OWNERS));
/** True if owners are lost at the present step. Without a history, several leases tell of several owners. */
export const ownersLost: Condition = (s) =>
  begunByOwners(s, s.settings.ownersLostWarn) && (ownersTold(s) !== null || runnersWithLeases(s) >= MANY_RUNNERS);
export const manyOwnersLost: Condition = (s) => begunByOwners(s, s.settings.ownersLostCritical);
/** True if live owners pass the chat around. Owners that are lost at a step are another matter. */
export const thrashing: Condition = (s) => passedAround(s) && !ownersLost(s);

/**
 * True if owners gave the chat up in order.
 * Each attempt of another owner counts the row up three times: given up, taken, begun. A spinning owner counts it up
 * once.
 */
function handedOver({ database }: Situation): boolean {
  const { snapshotVersion, historyVersion, generationAttempt } = database ?? {};
  if (typeof snapshotVersion !== 'number' || typeof historyVersion !== 'number') return false;
  return snapshotVersion - historyVersion >= 2 * (generationAttempt ?? 0);
}

/** Seconds; a longer attempt is not one of many that end at once. */
const LASTS_SECONDS = 10;
/** True if the owner's present attempt lasts and progresses, whatever became of earlier ones. */
const getsOn: Condition = ({ owner, task, age, database }) =>
  owner === 'OK' &&
  task?.kind === 'GENERATION' &&
  task.breakOffs === 0 &&
  task.waitsForDatabaseSeconds === null &&
  task.attempt === database?.generationAttempt &&
  over(age, LASTS_SECONDS) &&
  under(task.secondsSinceProgress, (age ?? 0) - 1);

export const breaksOff: Condition = (s) => s.runnable && (s.task?.breakOffs ?? 0) >= MANY_BREAK_OFFS;
/** True if one owner made so many attempts. Without a history, other owners show in leases and versions. */
const begunByOne = (s: Situation, attempts: number): boolean =>
  begunInVain(s) >= attempts &&
  (ownersTold(s) === null ? !ownersLost(s) && !handedOver(s) : attemptsOfOwner(s) >= attempts);
export const spinning: Condition = (s) => breaksOff(s) || (begunByOne(s, s.settings.spinningAttempts) && !getsOn(s));

export const looping: Condition = (s) => s.runnable && over(s.database?.turn?.steps, s.settings.loopSteps);
export const personWaits: Condition = ({ database }) =>
  over(database?.queueDepth, 0) && over(database?.oldestQueuedAgeSeconds, WAITS_BEHIND_SECONDS);

export const waitsForDatabase: Condition = (s) => s.task !== null && s.task.waitsForDatabaseSeconds !== null;
const openRunAge = ({ database }: Situation): number | null =>
  database?.debugRun?.hasEnded === false ? database.debugRun.ageSeconds : null;
/** True if the platform's debug log shows work on the chat. */
export const runGetsOn: Condition = (s) => {
  const age = openRunAge(s);
  return s.runnable && age !== null && Math.abs(age) <= s.settings.noProgressSeconds;
};
/** True if an owner that nobody asks has the chat, and no pause is planned. */
const isHeld: Condition = (s) =>
  running(s) && s.owner === 'NOT_ASKED' && s.lease === 'FRESH' && s.retrySeconds === null;
/** Seconds since the debug log was last written; null if that was before the row last changed. */
function writtenSinceChange({ age, database }: Situation): number | null {
  const written = database?.debugRun?.ageSeconds ?? null;
  return age === null || written === null || written > age ? null : written;
}
/**
 * True if the debug log is silent about the step in hand.
 * The log is kept on best effort and may be switched off while a run lasts, so its silence alone proves nothing.
 */
export const runIsSilent: Condition = (s) =>
  isHeld(s) && s.database?.debugRun?.hasEnded === false && over(writtenSinceChange(s), s.settings.noProgressSeconds);
/** True if the run ended by the debug log, and the row does not say so. */
export const runIsOver: Condition = (s) =>
  isHeld(s) && s.database?.debugRun?.hasEnded === true && over(writtenSinceChange(s), s.settings.noProgressSeconds);

/** True if an owner that nobody asks has kept an interrupted turn for longer than a model may be silent. */
export const stopHangs: Condition = (s) =>
  isBeingInterrupted(s) && s.owner === 'NOT_ASKED' && s.lease === 'FRESH' && over(s.age, s.settings.noProgressSeconds);

/** True if the task is silent for too long. A task that states its own limit is judged by that. */
export const noProgress: Condition = (s) => {
  const { runnable, task, retrySeconds, settings } = s;
  if (!runnable || task === null || retrySeconds !== null || over(task.secondsUntilRetry, 0)) return false;
  if (waitsInVain(s)) return true;
  if (task.waitsForDatabaseSeconds !== null) return task.waitsForDatabaseSeconds > settings.noProgressSeconds;
  const limit = task.kind === 'GENERATION' || task.kind === 'INTERRUPT' ? settings.noProgressSeconds : Infinity;
  return over(task.secondsSinceProgress, task.progressWithinSeconds ?? limit);
};
