/** Rules on a chat that waits for a tool outside. */
import { capacityWait, longCapacityWait, mayLackRoom } from '../conditions/owner.ts';
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
import { counted, listed, secondsText, word } from '../wording.ts';

export const actionDeadlinePassed = {
  code: 'ACTION_DEADLINE_PASSED',
  severity: (s) => {
    if (capacityWait(s) && !longCapacityWait(s)) return 'INFO';
    return mayLackRoom(s) ? 'WARNING' : 'CRITICAL';
  },
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

/** Clauses, one for each tool, with the number of its unanswered calls. */
function unansweredTools(s: Situation): string[] {
  const tools = new Map<string, number>();
  for (const { toolName, times } of is.unansweredCalls(s)) {
    const name = word(toolName ?? '') || 'without a name';
    if (!tools.has(name)) tools.set(name, times);
  }
  return [...tools].map(([name, times]) => `the last ${times} calls of the tool ${name}`);
}

const MOST_NAMED = 3;
export const callUnanswered = {
  code: 'CALL_UNANSWERED',
  severity: 'WARNING',
  when: is.callUnanswered,
  says: (s) => {
    const tools = unansweredTools(s);
    const more = tools.length - MOST_NAMED;
    const others = more > 0 ? [`calls of ${counted(more, 'other tool')}`] : [];
    return `nobody answered ${listed([...tools.slice(0, MOST_NAMED), ...others])}`;
  },
  evidence: (s) => [
    'executionState',
    ...is
      .unansweredCalls(s)
      .slice(0, MOST_NAMED)
      .flatMap(({ place }) =>
        ['id', 'toolName', 'ageSeconds', 'timesUnanswered'].map((field) => `database.openCalls[${place}].${field}`),
      ),
  ],
  who: OPERATOR,
  act: (s) =>
    unansweredTools(s).length === 1
      ? 'see whether anything outside answers to that name, and answer the call in its place'
      : 'see whether anything outside answers to those names, and answer the calls in their place',
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

/** True for a child that waits itself. It is a lost child only where it is above this chat as well. */
const waitsInTurn = ({ executionState }: LostChild) => executionState === 'A0' || executionState === 'A1';

const lostChildren = ({ database, chatId: own }: Situation) =>
  (database?.lostChildren ?? []).map((child) => {
    if (child.chatId === own) return 'itself, as its own parent';
    const one = `its child ${child.chatId ?? 'of unknown id'} (${child.executionState ?? 'state not known'})`;
    return waitsInTurn(child) ? `${one}, which is above it as well and waits for it` : `${one}, which will not answer`;
  });

export const actionPending = {
  code: 'ACTION_PENDING',
  severity: (s) => (is.waitsForEver(s) ? 'CRITICAL' : 'INFO'),
  when: is.actionPending,
  says: (s) =>
    is.nothingOpen(s)
      ? `it waits for a tool result from outside${deadline(s)}, and no call is open that could be answered`
      : `it waits for a tool result from outside${tools(s)}${deadline(s)}`,
  evidence: (s) => [
    ...['executionState', 'database.requiresActionSecondsLeft'],
    ...(is.nothingOpen(s) ? ['database.openCalls', 'database.updatedAgeSeconds'] : []),
  ],
  who: (s) => (is.nothingOpen(s) ? PERSON : OUTSIDE),
  act: (s) => (is.nothingOpen(s) ? 'interrupt the wait, so that the worker goes on' : 'answer the call'),
  command: (s) => (is.nothingOpen(s) ? interrupt(s) : answer(s)),
} as const satisfies Rule;

function tools({ database }: Situation): string {
  const names = (database?.openCalls ?? []).map(({ toolName }) => word(toolName ?? '')).filter(Boolean);
  return names.length > 0 ? ` (${listed([...new Set(names)].slice(0, MOST_NAMED))})` : '';
}

function deadline(s: Situation): string {
  const left = s.database?.requiresActionSecondsLeft ?? null;
  if (left === null) return is.hasNoDeadline(s) ? ' without a deadline' : '';
  return left > 0 ? ` for ${secondsText(left)} more` : ', and its deadline has just passed';
}
