/** Rules on a turn that goes on for too long, or not at all. */

import { unchangedForLong } from '../conditions/rest.ts';
import { isBeingInterrupted } from '../conditions/row.ts';
import * as is from '../conditions/turn.ts';
import {
  interrupt,
  lookAgain,
  lookAtReplicas,
  OPERATOR,
  ofRunner,
  owner,
  PERSON,
  ROW,
  type Rule,
  show,
  takeFromOwner,
  takeIt,
} from '../rule.ts';
import type { Situation } from '../situation.ts';
import { counted, secondsText, word } from '../wording.ts';

export const queued = ({ database }: Situation) =>
  database?.queueDepth === 1 ? 'a queued message waits' : `${database?.queueDepth ?? 'some'} queued messages wait`;

export const looping = {
  code: 'LOOPING',
  severity: (s) => (is.personWaits(s) ? 'CRITICAL' : 'WARNING'),
  when: is.looping,
  says: (s) => `the turn has come to ${counted(s.database?.turn?.steps ?? 0, 'step')} without an end${behind(s)}`,
  evidence: () => [
    ...['executionState', 'database.turn.steps', 'database.turn.toolCalls', 'database.turn.ageSeconds'],
    ...['database.queueDepth', 'database.oldestQueuedAgeSeconds'],
  ],
  who: PERSON,
  act: (s) => (isBeingInterrupted(s) ? 'look again: it is being interrupted' : 'interrupt the turn'),
  command: (s) => (isBeingInterrupted(s) ? lookAgain(s) : interrupt(s)),
} as const satisfies Rule;

const behind = (s: Situation) =>
  (s.database?.queueDepth ?? 0) > 0
    ? `, and ${queued(s)} behind it for ${secondsText(s.database?.oldestQueuedAgeSeconds)}`
    : '';

export const noProgress = {
  code: 'NO_PROGRESS',
  severity: (s) => (is.runIsSilent(s) ? 'WARNING' : 'CRITICAL'),
  when: (s) => is.noProgress(s) || is.runIsSilent(s),
  says: (s) => {
    if (is.runIsSilent(s))
      return `the debug log of its run was last written ${secondsText(s.database?.debugRun?.ageSeconds)} ago, though ${owner(s)} holds the chat`;
    return is.waitsForDatabase(s)
      ? `${owner(s)} has been waiting for the database for ${secondsText(s.task?.waitsForDatabaseSeconds)}`
      : `${doing(s)} has given no sign of life for ${secondsText(s.task?.secondsSinceProgress)}, though ${owner(s)} holds the chat`;
  },
  evidence: (s) => [
    'executionState',
    ...(is.runIsSilent(s) ? LOG : []),
    ...ofRunner(s, 'runnerId', ...['kind', 'secondsSinceProgress', 'attempt'].map((name) => `activeTask.${name}`)),
    ...((s.task?.label ?? null) === null ? [] : ofRunner(s, 'activeTask.label')),
    ...(is.waitsForDatabase(s) ? ofRunner(s, 'activeTask.waitsForDatabaseSeconds') : []),
    ...((s.task?.progressWithinSeconds ?? null) === null ? [] : ofRunner(s, 'activeTask.progressWithinSeconds')),
  ],
  who: (s) => (is.waitsForDatabase(s) || s.task?.kind === 'INTERRUPT' ? OPERATOR : PERSON),
  act: (s) => {
    if (is.runIsSilent(s)) return 'interrupt the turn, unless the debug log was switched off meanwhile';
    if (is.waitsForDatabase(s)) return `see what keeps ${owner(s)} from the database`;
    return s.task?.kind === 'INTERRUPT' ? takeFromOwner(s) : 'interrupt the turn';
  },
  command: (s) => {
    if (is.waitsForDatabase(s)) return lookAtReplicas();
    return s.task?.kind === 'INTERRUPT' ? takeIt(s) : interrupt(s);
  },
} as const satisfies Rule;

const LOG = ['status', 'ageSeconds', 'hasEnded'].map((field) => `database.debugRun.${field}`);

/** What the task says that it is at, in its own words if it has any. */
function doing({ task }: Situation): string {
  const label = word(task?.label ?? '');
  return label === '' ? 'the model or a tool' : `the task “${label}”`;
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
  if (since !== null) return `; ${owner(s)} is at it, with the last progress ${secondsText(since)} ago`;
  if (is.runGetsOn(s))
    return `; the debug log of its run was written ${secondsText(s.database?.debugRun?.ageSeconds)} ago`;
  return s.task ? `; ${owner(s)} is at it` : ', and nothing else is known of it';
}
