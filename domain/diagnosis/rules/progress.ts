/** Rules on a chat without progress, and on one of which nothing else is known. */

import { callRefused } from '../conditions/refusals.ts';
import { unchangedForLong } from '../conditions/rest.ts';
import { isBeingInterrupted } from '../conditions/row.ts';
import * as is from '../conditions/turn.ts';
import { lookAgain, lookAtReplicas } from '../means/means.ts';
import { mending, refusalText } from '../refusal.ts';
import { interrupt, lease, OPERATOR, ofRunner, PERSON, ROW, type Rule, show, takeFromOwner, takeIt } from '../rule.ts';
import type { Situation } from '../situation.ts';
import { ownerName, secondsText, word } from '../wording.ts';

const LOG = ['status', 'ageSeconds', 'hasEnded'].map((field) => `database.debugRun.${field}`);
const isLogged = (s: Situation) => is.runIsSilent(s) || is.runIsOver(s);

export const noProgress = {
  code: 'NO_PROGRESS',
  severity: (s) => (isLogged(s) ? 'WARNING' : 'CRITICAL'),
  when: (s) => is.noProgress(s) || is.stopHangs(s) || isLogged(s),
  says: (s) => {
    if (is.stopHangs(s))
      return `the turn was to be interrupted ${secondsText(s.age)} ago, and ${ownerName(s)}, which holds the chat, has not ended it`;
    if (is.runIsOver(s))
      return `its last run in the debug log ended ${howItEnded(s)}, though ${ownerName(s)} holds the chat as running`;
    if (is.runIsSilent(s))
      return `the debug log of its run was last written ${secondsText(s.database?.debugRun?.ageSeconds)} ago, though ${ownerName(s)} holds the chat`;
    return is.waitsForDatabase(s)
      ? `${ownerName(s)} has been waiting for the database for ${secondsText(s.task?.waitsForDatabaseSeconds)}${refusedWith(s)}`
      : `${doing(s)} has given no sign of life for ${secondsText(s.task?.secondsSinceProgress)}, though ${ownerName(s)} holds the chat`;
  },
  evidence: (s) => [
    'executionState',
    ...(is.stopHangs(s) ? [...ROW, ...lease(s)] : []),
    ...(isLogged(s) ? LOG : []),
    ...ofRunner(s, 'runnerId', ...['kind', 'secondsSinceProgress', 'attempt'].map((name) => `activeTask.${name}`)),
    ...((s.task?.label ?? null) === null ? [] : ofRunner(s, 'activeTask.label')),
    ...(is.waitsForDatabase(s) ? ofRunner(s, 'activeTask.waitsForDatabaseSeconds', 'activeTask.databaseError') : []),
    ...((s.task?.progressWithinSeconds ?? null) === null ? [] : ofRunner(s, 'activeTask.progressWithinSeconds')),
  ],
  who: (s) => (is.waitsForDatabase(s) || stopFails(s) ? OPERATOR : PERSON),
  act: (s) => {
    if (isBeingInterrupted(s) && !stopFails(s)) return 'look again: it is being interrupted';
    if (isLogged(s)) return 'interrupt the turn, unless the debug log was switched off meanwhile';
    const refused = callRefused(s);
    if (is.waitsForDatabase(s)) return refused ? mending(refused) : `see what keeps ${ownerName(s)} from the database`;
    return stopFails(s) ? takeFromOwner(s) : 'interrupt the turn';
  },
  command: (s) => {
    if (is.waitsForDatabase(s)) return lookAtReplicas();
    if (stopFails(s)) return takeIt(s);
    return isBeingInterrupted(s) ? lookAgain(s) : interrupt(s);
  },
} as const satisfies Rule;

/** True if interrupting the turn once more would help nobody. */
const stopFails = (s: Situation) => is.stopHangs(s) || s.task?.kind === 'INTERRUPT';

function refusedWith(s: Situation): string {
  const refused = callRefused(s);
  return refused ? `: ${refusalText(refused)}` : '';
}

/** Clause on the task, in its own words where it has any. */
function doing({ task }: Situation): string {
  const label = word(task?.label ?? '');
  if (label !== '') return `the task “${label}”`;
  return task?.kind === 'INTERRUPT' ? 'the task that ends the interrupted turn' : 'the model or a tool';
}

function howItEnded({ database }: Situation): string {
  const { ageSeconds = null, status = null } = database?.debugRun ?? {};
  const when = ageSeconds === null ? 'at a time that cannot be said' : `${secondsText(ageSeconds)} ago`;
  return `${when}${status === null ? '' : ` with the status “${word(status)}”`}`;
}

export const quiet = {
  code: 'QUIET',
  severity: 'INFO',
  when: unchangedForLong,
  alone: true,
  says: (s) => `its row has not changed for ${secondsText(s.age)}${howItGetsOn(s)}`,
  evidence: (s) => [...ROW, ...(s.database?.debugRun ? LOG : [])],
  who: PERSON,
  act: (s) => {
    if (getsOn(s)) return 'wait';
    if (isBeingInterrupted(s)) return 'look again: it is being interrupted';
    return 'see how far the turn has come, and interrupt it if that is too slow';
  },
  command: (s) => {
    if (getsOn(s)) return null;
    return isBeingInterrupted(s) ? lookAgain(s) : show(s);
  },
} as const satisfies Rule;

const getsOn = (s: Situation) => s.task !== null || is.runGetsOn(s);

function howItGetsOn(s: Situation): string {
  const since = s.task?.secondsSinceProgress ?? null;
  if (since !== null) return `; ${ownerName(s)} is at it, with the last progress ${secondsText(since)} ago`;
  const run = s.database?.debugRun;
  if (is.runGetsOn(s)) return `; the debug log of its run was written ${secondsText(run?.ageSeconds)} ago`;
  if (s.task) return `; ${ownerName(s)} is at it`;
  return run?.hasEnded === true
    ? `; the last run in its debug log ended ${howItEnded(s)}`
    : ', and nothing else is known of it';
}
