/** Rules on a turn that goes on for too long. */
import { isBeingInterrupted, waitsForOutside } from '../conditions/row.ts';
import * as is from '../conditions/turn.ts';
import { lookAgain } from '../means/means.ts';
import { edit, interrupt, PERSON, type Rule } from '../rule.ts';
import type { Situation } from '../situation.ts';
import { counted, secondsText } from '../wording.ts';

export const queued = ({ database }: Situation) =>
  database?.queueDepth === 1 ? 'a queued message waits' : `${database?.queueDepth ?? 'some'} queued messages wait`;

export const looping = {
  code: 'LOOPING',
  severity: (s) => (is.personWaits(s) && !is.stopHangs(s) ? 'CRITICAL' : 'WARNING'),
  when: is.looping,
  says: (s) =>
    `the turn${begunAt(s)} has come to ${counted(s.database?.turn?.steps ?? 0, 'step')} without an end${behind(s)}`,
  evidence: () => [
    ...['executionState', 'database.turn.steps', 'database.turn.toolCalls', 'database.turn.ageSeconds'],
    ...['database.queueDepth', 'database.oldestQueuedAgeSeconds'],
  ],
  who: PERSON,
  act: (s) => {
    if (isBeingInterrupted(s)) return 'look again: it is being interrupted';
    return outlastsInterrupt(s)
      ? `edit the message that began the turn${deletesQueue(s)}: an interrupt ends only the wait, and the model goes on`
      : 'interrupt the turn';
  },
  command: (s) => {
    if (isBeingInterrupted(s)) return lookAgain(s);
    return outlastsInterrupt(s) ? edit(s) : interrupt(s);
  },
} as const satisfies Rule;

/** True if an interrupt now leads back to the model. What it does behind views is not known. */
const outlastsInterrupt = (s: Situation) => waitsForOutside(s) && s.platform !== 'views';

const deletesQueue = ({ database }: Situation) =>
  (database?.queueDepth ?? 0) > 0 ? ', which deletes what is queued' : '';

function begunAt({ database }: Situation): string {
  const age = database?.turn?.ageSeconds ?? null;
  return age === null ? '' : `, which began ${secondsText(age)} ago,`;
}

const behind = (s: Situation) =>
  (s.database?.queueDepth ?? 0) > 0
    ? `, and ${queued(s)} behind it for ${secondsText(s.database?.oldestQueuedAgeSeconds)}`
    : '';
