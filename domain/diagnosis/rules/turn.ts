/** Rules on a turn that goes on for too long. */
import { isBeingInterrupted } from '../conditions/row.ts';
import * as is from '../conditions/turn.ts';
import { lookAgain } from '../means/means.ts';
import { interrupt, PERSON, type Rule } from '../rule.ts';
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
  act: (s) => (isBeingInterrupted(s) ? 'look again: it is being interrupted' : 'interrupt the turn'),
  command: (s) => (isBeingInterrupted(s) ? lookAgain(s) : interrupt(s)),
} as const satisfies Rule;

function begunAt({ database }: Situation): string {
  const age = database?.turn?.ageSeconds ?? null;
  return age === null ? '' : `, which began ${secondsText(age)} ago,`;
}

const behind = (s: Situation) =>
  (s.database?.queueDepth ?? 0) > 0
    ? `, and ${queued(s)} behind it for ${secondsText(s.database?.oldestQueuedAgeSeconds)}`
    : '';
