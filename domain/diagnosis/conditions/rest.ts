/** Conditions on chats that wait for somebody, are at rest, or failed. */
import { over, type Situation } from '../situation.ts';
import { messageStandsLast, waitsForOutside } from './row.ts';
import { type Condition, past, rowIsOlderThan, shouldHaveBeenPickedUp } from './time.ts';

const OFTEN_UNANSWERED = 2;

export const actionDeadlinePassed: Condition = (s) =>
  waitsForOutside(s) && past(s.database?.requiresActionSecondsLeft, s.pickUpSeconds);
export const actionPending: Condition = (s) => waitsForOutside(s) && !actionDeadlinePassed(s);
export const nothingOpen: Condition = ({ database }) => database?.openCalls?.length === 0;
export const hasNoDeadline: Condition = ({ database }) =>
  database !== null &&
  database.requiresActionSecondsLeft === null &&
  !database.unreadable?.includes('requiresActionDeadlineAt');
/** No result can come, and no time at which the worker would go on without one. */
export const waitsForEver: Condition = (s) =>
  waitsForOutside(s) && nothingOpen(s) && hasNoDeadline(s) && shouldHaveBeenPickedUp(s);

/** The open calls that were left unanswered often, the worst first, and where they stand. */
export const unansweredCalls = ({ database }: Situation) =>
  (database?.openCalls ?? [])
    .map((call, place) => ({ ...call, place, times: call.timesUnanswered ?? 0 }))
    .filter(({ times }) => times >= OFTEN_UNANSWERED)
    .sort((a, b) => b.times - a.times);
export const callUnanswered: Condition = (s) => waitsForOutside(s) && unansweredCalls(s).length > 0;
export const childLost: Condition = (s) => waitsForOutside(s) && over(s.database?.lostChildren?.length, 0);

export const errored: Condition = (s) => s.state === 'E0' || s.state === 'E1';
export const queueBlocked: Condition = (s) => s.state === 'E1';

const atRest: Condition = (s) => s.state === 'W';
/** A person's message is the last, and no worker will look at it. */
export const messageUnanswered: Condition = (s) =>
  messageStandsLast(s) &&
  (shouldHaveBeenPickedUp(s) || (s.age === null && over(s.database?.lastMessage?.ageSeconds, s.pickUpSeconds)));
/** The platform notes how a turn ended. Elsewhere a chat that was interrupted, compacted or cleared looks the same. */
export const endIsNoted: Condition = ({ platform }) => platform === 'own';
export const messageForgotten: Condition = (s) => messageUnanswered(s) && endIsNoted(s);
/** The turn ended, and there is nothing to read. An interrupted one was ended by the person. */
export const endedWithoutAnswer: Condition = (s) => {
  const { role, hasText, finishReason } = s.database?.lastMessage ?? {};
  const saysNothing = role === 'tool' || (role === 'assistant' && hasText === false);
  return atRest(s) && saysNothing && finishReason !== 'interrupted';
};
export const unanswered: Condition = (s) => messageUnanswered(s) || endedWithoutAnswer(s);

/** Whether anything else is known of the chat is for the rules to say. */
export const unchangedForLong: Condition = (s) => s.runnable && rowIsOlderThan(s, s.settings.noProgressSeconds);
