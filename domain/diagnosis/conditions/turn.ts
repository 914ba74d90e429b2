/** Conditions on how the turn gets on. */
import { over, type Situation, under } from '../situation.ts';
import { waitsInVain } from './refusals.ts';
import { isBeingInterrupted, running } from './row.ts';
import { type Condition, past } from './time.ts';

/** A retry is overdue, not just about to be made. */
const RETRY_GRACE_SECONDS = 5;
/** A wait longer than the longest by more than what chance adds to it was never meant. */
const LONGEST_RETRY_FACTOR = 1.2;
const MANY_ATTEMPTS = 5;
const MANY_BREAK_OFFS = 3;
const MANY_RUNNERS = 2;
/** A person who waits longer than this behind a loop has waited too long. */
const WAITS_BEHIND_SECONDS = 60;

export const tooFarAhead: Condition = (s) =>
  over(s.retrySeconds, s.settings.longestRetrySeconds * LONGEST_RETRY_FACTOR);
export const retryOverdue: Condition = (s) => past(s.retrySeconds, RETRY_GRACE_SECONDS) || tooFarAhead(s);
export const inBackoff: Condition = (s) => s.retrySeconds !== null && !retryOverdue(s);
/** Calls of the model that failed, as far as anybody counts them. */
export const failures = (s: Situation): number | null => s.database?.retryState?.attempt ?? s.task?.attempt ?? null;
export const manyAttempts: Condition = (s) => (failures(s) ?? 0) >= MANY_ATTEMPTS;

/** Attempts of the present history that were begun and neither failed nor led anywhere, as far as that is known. */
function begunInVain(s: Situation): number {
  const { retryState, retryStateVersion, historyVersion, generationAttempt } = s.database ?? {};
  if (!running(s) || retryState !== null || typeof retryStateVersion !== 'number') return 0;
  if (typeof historyVersion !== 'number' || retryStateVersion > historyVersion) return 0;
  return generationAttempt ?? 0;
}
/** Different runners that have, or had, a lease on the chat. */
const runnersWithLeases = ({ database }: Situation) =>
  new Set((database?.heartbeats ?? []).flatMap(({ runnerId }) => runnerId ?? [])).size;
export const ownersLost: Condition = (s) =>
  begunInVain(s) >= s.settings.ownersLostWarn && runnersWithLeases(s) >= MANY_RUNNERS;
export const manyOwnersLost: Condition = (s) => begunInVain(s) >= s.settings.ownersLostCritical;

/**
 * Owners gave the chat up in order: each attempt of another owner counts the row up three times, when it is given up, taken
 * and begun. An owner that spins counts it up once.
 */
function handedOver({ database }: Situation): boolean {
  const { snapshotVersion, historyVersion, generationAttempt } = database ?? {};
  if (typeof snapshotVersion !== 'number' || typeof historyVersion !== 'number') return false;
  return snapshotVersion - historyVersion >= 2 * (generationAttempt ?? 0);
}

/** An attempt that has gone on for longer, in seconds, is not one of many that end at once. */
const LASTS_SECONDS = 10;
/** The owner is at an attempt that lasts and gets on, whatever became of those before it. */
const getsOn: Condition = ({ owner, task, age, database }) =>
  owner === 'OK' &&
  task?.kind === 'GENERATION' &&
  task.breakOffs === 0 &&
  task.waitsForDatabaseSeconds === null &&
  task.attempt === database?.generationAttempt &&
  over(age, LASTS_SECONDS) &&
  under(task.secondsSinceProgress, (age ?? 0) - 1);

export const breaksOff: Condition = (s) => s.runnable && (s.task?.breakOffs ?? 0) >= MANY_BREAK_OFFS;
export const spinning: Condition = (s) =>
  breaksOff(s) || (begunInVain(s) >= s.settings.spinningAttempts && !ownersLost(s) && !handedOver(s) && !getsOn(s));

export const looping: Condition = (s) => s.runnable && over(s.database?.turn?.steps, s.settings.loopSteps);
export const personWaits: Condition = ({ database }) =>
  over(database?.queueDepth, 0) && over(database?.oldestQueuedAgeSeconds, WAITS_BEHIND_SECONDS);

export const waitsForDatabase: Condition = (s) => s.task !== null && s.task.waitsForDatabaseSeconds !== null;
const openRunAge = ({ database }: Situation): number | null =>
  database?.debugRun?.hasEnded === false ? database.debugRun.ageSeconds : null;
/** Somebody works on it, by the platform's own log. */
export const runGetsOn: Condition = (s) => {
  const age = openRunAge(s);
  return s.runnable && age !== null && Math.abs(age) <= s.settings.noProgressSeconds;
};
/** Somebody has it whom nobody asks, and no pause is meant. */
const isHeld: Condition = (s) =>
  running(s) && s.owner === 'NOT_ASKED' && s.lease === 'FRESH' && s.retrySeconds === null;
/** When the log was last written to, if that was after the row last changed: else it is of before. */
function writtenSinceChange({ age, database }: Situation): number | null {
  const written = database?.debugRun?.ageSeconds ?? null;
  return age === null || written === null || written > age ? null : written;
}
/**
 * The step in hand says nothing more, by the platform's own log. That log is kept as well as can be, and may be switched off
 * while a run lasts, so that its silence alone is never certain.
 */
export const runIsSilent: Condition = (s) =>
  isHeld(s) && s.database?.debugRun?.hasEnded === false && over(writtenSinceChange(s), s.settings.noProgressSeconds);
/** The run ended, by the same log, and the row does not say so. */
export const runIsOver: Condition = (s) =>
  isHeld(s) && s.database?.debugRun?.hasEnded === true && over(writtenSinceChange(s), s.settings.noProgressSeconds);

/** An owner whom nobody asks has held on to a turn that is to end for longer than a model may be silent. */
export const stopHangs: Condition = (s) =>
  isBeingInterrupted(s) && s.owner === 'NOT_ASKED' && s.lease === 'FRESH' && over(s.age, s.settings.noProgressSeconds);

/** A task that says how long it may be silent is taken at its word. */
export const noProgress: Condition = (s) => {
  const { runnable, task, retrySeconds, settings } = s;
  if (!runnable || task === null || retrySeconds !== null) return false;
  if (waitsInVain(s)) return true;
  if (task.waitsForDatabaseSeconds !== null) return task.waitsForDatabaseSeconds > settings.noProgressSeconds;
  const limit = task.kind === 'GENERATION' || task.kind === 'INTERRUPT' ? settings.noProgressSeconds : Infinity;
  return over(task.secondsSinceProgress, task.progressWithinSeconds ?? limit);
};
