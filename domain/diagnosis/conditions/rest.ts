/** Conditions on chats that wait for somebody, rest, or have failed. */
import { OFTEN_UNANSWERED } from '../limits.ts';
import { over, type Situation } from '../situation.ts';
import { messageStandsLast, waitsForOutside } from './row.ts';
import { type Condition, past, rowIsOlderThan, shouldHaveBeenPickedUp } from './time.ts';

export const actionDeadlinePassed: Condition = (s) =>
  waitsForOutside(s) && past(s.database?.requiresActionSecondsLeft, s.pickUpSeconds);
export const actionPending: Condition = (s) => waitsForOutside(s) && !actionDeadlinePassed(s);
/** True if no call is open. Views need not show calls at all, nor a deadline. */
export const nothingOpen: Condition = ({ database, platform }) =>
  platform !== 'views' && database?.openCalls?.length === 0;
export const hasNoDeadline: Condition = ({ database, platform }) =>
  platform !== 'views' &&
  database !== null &&
  database.requiresActionSecondsLeft === null &&
  !database.unreadable?.includes('requiresActionDeadlineAt');
/** True if no result can come, and the worker never goes on without one. */
export const waitsForEver: Condition = (s) =>
  waitsForOutside(s) && nothingOpen(s) && hasNoDeadline(s) && shouldHaveBeenPickedUp(s);

/** Open calls that were often left unanswered, worst first, each with its place in the snapshot. */
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
/** True if a person's message is the last, and no worker will look at it. */
export const messageUnanswered: Condition = (s) =>
  messageStandsLast(s) &&
  (shouldHaveBeenPickedUp(s) || (s.age === null && over(s.database?.lastMessage?.ageSeconds, s.pickUpSeconds)));
/** True if the platform notes how a turn ended. Elsewhere an interrupted, compacted or cleared chat looks the same. */
export const endIsNoted: Condition = ({ platform }) => platform === 'own';
export const messageForgotten: Condition = (s) => messageUnanswered(s) && endIsNoted(s);
/** True if the turn ended with nothing to read. An interruption is the person's own doing and does not count. */
const endedWithoutAnswer: Condition = (s) => {
  const { role, hasText, finishReason } = s.database?.lastMessage ?? {};
  const saysNothing = role === 'tool' || (role === 'assistant' && hasText === false);
  return atRest(s) && saysNothing && finishReason !== 'interrupted';
};
export const unanswered: Condition = (s) => messageUnanswered(s) || endedWithoutAnswer(s);

/** True if the row has not changed for long. The rules decide whether more is known of the chat. */
export const unchangedForLong: Condition = (s) => s.runnable && rowIsOlderThan(s, s.settings.noProgressSeconds);
