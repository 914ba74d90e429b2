/** Rules on a chat that waits for a tool outside. */
import { capacityWait, mayWaitForSlot } from '../conditions/owner.ts';
import { keptFromAll } from '../conditions/refusals.ts';
import * as is from '../conditions/rest.ts';
import {
  answer,
  butFor,
  interrupt,
  OPERATOR,
  OUTSIDE,
  ofRunner,
  PERSON,
  type Rule,
  takeFromOwner,
  takeIt,
} from '../rule.ts';
import type { Situation } from '../situation.ts';
import { listed, secondsText, word } from '../wording.ts';

export const actionDeadlinePassed = {
  code: 'ACTION_DEADLINE_PASSED',
  severity: (s) => (capacityWait(s) || mayWaitForSlot(s) ? 'WARNING' : 'CRITICAL'),
  when: is.actionDeadlinePassed,
  says: (s) =>
    `the deadline for a tool result passed ${secondsText(-(s.database?.requiresActionSecondsLeft ?? 0))} ago, and ${capacityWait(s) ? 'no worker has room to go on' : 'the worker did not go on'}${butFor(s)}`,
  evidence: (s) => [
    ...['executionState', 'database.requiresActionSecondsLeft'],
    ...(s.task ? ofRunner(s, 'activeTask.kind') : []),
    ...[keptFromAll(s)?.path ?? []].flat(),
  ],
  who: OPERATOR,
  act: (s) => (s.workerId === null ? 'answer the call in the tool’s place' : takeFromOwner(s)),
  command: (s) => (s.workerId === null ? answer(s) : takeIt(s)),
} as const satisfies Rule;

const toolName = (s: Situation) => word(is.unansweredCall(s)?.toolName ?? '') || 'without a name';

export const callUnanswered = {
  code: 'CALL_UNANSWERED',
  severity: 'WARNING',
  when: is.callUnanswered,
  says: (s) => `nobody answered the last ${is.unansweredCall(s)?.timesUnanswered} calls of the tool ${toolName(s)}`,
  evidence: (s) => [
    'executionState',
    ...['toolName', 'ageSeconds', 'timesUnanswered'].map(
      (field) => `database.openCalls[${is.unansweredCall(s)?.place}].${field}`,
    ),
  ],
  who: OPERATOR,
  act: () => 'see whether anything outside answers to that name, and answer the call in its place',
  command: answer,
} as const satisfies Rule;

export const childLost = {
  code: 'CHILD_LOST',
  severity: 'WARNING',
  when: is.childLost,
  says: (s) => `it may wait for ${listed(lostChildren(s))}`,
  evidence: (s) => [
    'executionState',
    ...(s.database?.lostChildren ?? []).flatMap((_, i) =>
      ['chatId', 'executionState'].map((field) => `database.lostChildren[${i}].${field}`),
    ),
  ],
  who: OPERATOR,
  act: (s) => {
    const [first] = s.database?.lostChildren ?? [];
    return first && waitsInTurn(first)
      ? 'answer the call in its place, and correct parent_chat_id: no chat is below itself'
      : 'look at the child, and mend it or answer the call in its place';
  },
  command: (s) => {
    const [first] = s.database?.lostChildren ?? [];
    return first && waitsInTurn(first) ? answer(s) : `npm run chat-debug -- why ${first?.chatId ?? s.chatId}`;
  },
} as const satisfies Rule;

type LostChild = NonNullable<NonNullable<Situation['database']>['lostChildren']>[number];

/** A child that waits itself is a lost one only where it is above this chat as well. */
const waitsInTurn = ({ executionState }: LostChild) => executionState === 'A0' || executionState === 'A1';

const lostChildren = ({ database, chatId: own }: Situation) =>
  (database?.lostChildren ?? []).map((child) => {
    if (child.chatId === own) return 'itself, as its own parent';
    const one = `its child ${child.chatId ?? 'of unknown id'} (${child.executionState ?? 'state not known'})`;
    return waitsInTurn(child) ? `${one}, which is above it as well and waits for it` : `${one}, which will not answer`;
  });

export const actionPending = {
  code: 'ACTION_PENDING',
  severity: 'INFO',
  when: is.actionPending,
  says: (s) =>
    nothingOpen(s)
      ? `it waits for a tool result from outside${deadline(s)}, and no call is open that could be answered`
      : `it waits for a tool result from outside${tools(s)}${deadline(s)}`,
  evidence: (s) => [
    ...['executionState', 'database.requiresActionSecondsLeft'],
    ...(nothingOpen(s) ? ['database.openCalls'] : []),
  ],
  who: (s) => (nothingOpen(s) ? PERSON : OUTSIDE),
  act: (s) => (nothingOpen(s) ? 'interrupt the wait, so that the worker goes on' : 'answer the call'),
  command: (s) => (nothingOpen(s) ? interrupt(s) : answer(s)),
} as const satisfies Rule;

const nothingOpen = ({ database }: Situation) => database?.openCalls?.length === 0;

const MOST_NAMED = 3;
function tools({ database }: Situation): string {
  const names = (database?.openCalls ?? []).map(({ toolName }) => word(toolName ?? '')).filter(Boolean);
  return names.length > 0 ? ` (${listed([...new Set(names)].slice(0, MOST_NAMED))})` : '';
}

function deadline({ database }: Situation): string {
  const left = database?.requiresActionSecondsLeft ?? null;
  if (left === null) return database?.unreadable?.includes('requiresActionDeadlineAt') ? '' : ' without a deadline';
  return left > 0 ? ` for ${secondsText(left)} more` : ', and its deadline has just passed';
}
