/** Rules on attempts that are begun again and again, or not at all. */
import { wordsForFailure } from '../../databaseFailures.ts';
import { mayWaitForSlot } from '../conditions/owner.ts';
import { ownersTold } from '../conditions/owners.ts';
import { startsLater } from '../conditions/ownTime.ts';
import { keptFromAll, writeRefused } from '../conditions/refusals.ts';
import { isBeingInterrupted } from '../conditions/row.ts';
import * as is from '../conditions/turn.ts';
import { lookAtReplicas } from '../means/means.ts';
import { mending, refusalText } from '../refusal.ts';
import { butFor, interrupt, OPERATOR, ofRunner, PERSON, type Rule, TAKE, takeFromOwner, takeIt } from '../rule.ts';
import type { Situation } from '../situation.ts';
import { counted, secondsText, word } from '../wording.ts';
import { BEGUN, begun } from './ownersLost.ts';

const RETRY = ['database.retryState', 'database.retrySecondsLeft'];

export const spinning = {
  code: 'SPINNING',
  severity: 'CRITICAL',
  when: is.spinning,
  says: (s) =>
    is.breaksOff(s)
      ? `the worker has begun this again ${counted(s.task?.breakOffs ?? 0, 'time')} and got nowhere${brokeOffBy(s)}`
      : `${begun(s)} of this step were begun, and none failed or led to anything`,
  evidence: (s) => [
    ...BEGUN,
    ...(ownersTold(s)?.slice(0, 1) ?? []).map(({ path }) => `${path}.attempts`),
    ...(s.task ? ofRunner(s, 'activeTask.breakOffs', 'activeTask.lastBreakOff') : []),
  ],
  who: (s) => (writeRefused(s) || isBeingInterrupted(s) ? OPERATOR : PERSON),
  act: (s) => {
    const refused = writeRefused(s);
    if (refused) return mending(refused);
    return isBeingInterrupted(s) ? takeFromOwner(s) : 'interrupt the turn';
  },
  command: (s) => {
    if (writeRefused(s)) return lookAtReplicas();
    return isBeingInterrupted(s) ? takeIt(s) : interrupt(s);
  },
} as const satisfies Rule;

function brokeOffBy(s: Situation): string {
  const refused = writeRefused(s);
  if (refused) return `: ${refusalText(refused)}`;
  const reason = word(s.task?.lastBreakOff ?? '');
  return reason && ` (${reason})`;
}

export const retryOverdue = {
  code: 'RETRY_OVERDUE',
  severity: (s) => (mayWaitForSlot(s) && !is.tooFarAhead(s) ? 'WARNING' : 'CRITICAL'),
  when: is.retryOverdue,
  says: (s) =>
    (s.retrySeconds ?? 0) > 0
      ? `the next call of the model is said to come in ${secondsText(s.retrySeconds)}, and no worker waits longer than ${secondsText(s.settings.longestRetrySeconds)}${butFor(s)}`
      : `the next call of the model has been due for ${secondsText(-(s.retrySeconds ?? 0))} and was not made${butFor(s)}`,
  evidence: (s) => [
    ...RETRY,
    ...(s.task ? ofRunner(s, 'activeTask.attempt', 'activeTask.secondsUntilRetry') : []),
    ...[keptFromAll(s)?.path ?? []].flat(),
  ],
  ...TAKE,
} as const satisfies Rule;

/** True if the next attempt is not to be waited for alone. */
const needsALook = (s: Situation) => is.manyAttempts(s) || is.notStored(s);

export const retryBackoff = {
  code: 'RETRY_BACKOFF',
  severity: (s) => (needsALook(s) ? 'WARNING' : 'INFO'),
  when: is.inBackoff,
  says: (s) => {
    if (startsLater(s)) return `it is to start ${(s.retrySeconds ?? 0) > 0 ? next(s) : 'now'}`;
    const what = `${attempt(s)}${s.platform === 'views' ? '' : ' of calling the model'}`;
    return is.notStored(s)
      ? `what ${what} said could not be stored${refusedWith(s)}, and the next is ${next(s)}`
      : `${what} failed${failure(s)}, and the next is ${next(s)}`;
  },
  evidence: (s) => [
    ...RETRY,
    ...(s.task ? ofRunner(s, 'activeTask.attempt', 'activeTask.maxAttempts', 'activeTask.lastError') : []),
  ],
  who: OPERATOR,
  act: (s) => {
    if (is.notStored(s)) return `${seeWhy(s)}, or interrupt the turn: each further attempt may be refused as well`;
    if (!is.manyAttempts(s)) return 'wait';
    return s.platform === 'views'
      ? 'see why it keeps failing'
      : 'see why the model keeps failing, or interrupt the turn';
  },
  command: (s) => (needsALook(s) ? interrupt(s) : null),
} as const satisfies Rule;

function attempt(s: Situation): string {
  const failed = is.failures(s) ?? s.database?.generationAttempt ?? null;
  const most = s.task?.maxAttempts ?? null;
  return failed === null ? 'the last attempt' : `attempt ${failed}${most === null ? '' : ` of ${most}`}`;
}
function failure({ database }: Situation): string {
  const kind = word(database?.retryState?.kind ?? '');
  return kind && ` (${kind})`;
}
/** SQLSTATE with which the database refused what the model said. Undefined: it was refused before. */
const sqlState = ({ database }: Situation) => /\(SQLSTATE ([0-9A-Z]{5})\)/.exec(database?.retryState?.error ?? '')?.[1];
function refusedWith(s: Situation): string {
  const state = sqlState(s);
  return state === undefined ? '' : `: the database ${wordsForFailure(state).says} (${state})`;
}
const seeWhy = (s: Situation) =>
  sqlState(s) === undefined ? 'see in retryState why' : 'see in the log of the database which row it refuses, and why';
const next = ({ retrySeconds }: Situation) => ((retrySeconds ?? 0) > 0 ? `in ${secondsText(retrySeconds)}` : 'due');
