/** Rules on what the row alone says. */
import { leaseKeepsOthersAway } from '../conditions/lease.ts';
import * as is from '../conditions/row.ts';
import { lookAgain, lookAtSnapshot } from '../means/means.ts';
import { meansOf } from '../means/platforms.ts';
import { lease, leaseLasts, OPERATOR, ROW, type Rule, reconcile } from '../rule.ts';
import type { Situation } from '../situation.ts';
import { listed, secondsText, word } from '../wording.ts';

export const statusUnknown = {
  code: 'STATUS_UNKNOWN',
  severity: 'WARNING',
  when: is.statusUnknown,
  says: (s) =>
    s.database?.status === ''
      ? 'its row has no status, so nobody can tell who should act'
      : `this version does not know the status “${word(s.database?.status ?? '')}”, so it cannot tell who should act`,
  evidence: () => ['executionState', 'database.status'],
  who: OPERATOR,
  act: (s) =>
    s.platform === 'views'
      ? `let the view \`chats\` show ${s.database?.status === '' ? 'its status' : 'that status'} as one of the five that docs/adopting.md lists`
      : 'bring this service to the version that wrote the row, and leave the row as it is',
  command: lookAtSnapshot,
} as const satisfies Rule;

export const invalidState = {
  code: 'INVALID_STATE',
  severity: 'CRITICAL',
  when: is.invalid,
  says: () => 'its status, queue and archived marker make no state that the state machine knows',
  evidence: () => ['executionState', 'database.status', 'database.archived', 'database.queueDepth'],
  who: OPERATOR,
  act: () => 'repair it',
  command: reconcile,
} as const satisfies Rule;

export const valueUnreadable = {
  code: 'VALUE_UNREADABLE',
  severity: 'WARNING',
  when: is.valueUnreadable,
  says: (s) =>
    `${listed(is.unreadable(s).map(({ name }) => name))} could not be read${keptByLock(s) ? ' while another session holds a table' : ''}`,
  evidence: (s) => [
    ...['database.unreadable', ...is.unreadable(s).map(({ path }) => path)],
    ...(keptByLock(s) ? ['database.trouble.readersKeptOut'] : []),
  ],
  who: OPERATOR,
  act: (s) => {
    if (is.columnUnreadable(s)) return 'correct the stored value: it cannot be shown';
    return keptByLock(s) ? 'end that session’s transaction, then ask again' : ASK_AGAIN;
  },
  command: (s) => (is.columnUnreadable(s) ? lookAtSnapshot(s) : lookAgain(s)),
} as const satisfies Rule;

const ASK_AGAIN = 'ask again; if that changes nothing, see with npm run check which column this service may not read';

/** True if a lock on a whole table kept a question waiting. A locked row keeps no reader waiting. */
const keptByLock = (s: Situation) => !is.columnUnreadable(s) && s.database?.trouble?.readersKeptOut === true;

export const clockAhead = {
  code: 'CLOCK_AHEAD',
  severity: (s) => (is.aheadAndAlone(s) ? 'CRITICAL' : 'WARNING'),
  when: is.clockAhead,
  says: (s) => `${listed(aheadParts(s))} ahead of the database’s clock${untilWhen(s)}`,
  evidence: (s) => [...ROW, ...lease(s)],
  who: OPERATOR,
  act: (s) =>
    datesItself(s)
      ? 'correct the clock that was ahead: the next change of the chat dates it anew'
      : meansOf(s).dateAnew.act(s),
  command: (s) => (datesItself(s) ? lookAtSnapshot(s) : meansOf(s).dateAnew.command(s)),
} as const satisfies Rule;

/** True if the next change dates the row anew: somebody works on it, or nobody needs to. */
const datesItself = (s: Situation) => !s.runnable || (!s.leaseAhead && !is.aheadAndAlone(s));

const untilWhen = (s: Situation) =>
  leaseKeepsOthersAway(s)
    ? `, and no replica takes the chat before it has run out, in ${secondsText(leaseLasts(s))}`
    : '';

const aheadParts = (s: Situation): string[] => [
  ...(s.rowAhead ? [`its last change is ${secondsText(-(s.age ?? 0))}`] : []),
  ...(s.runnable && s.leaseAhead ? [`its lease is ${secondsText(-(s.database?.heartbeat?.ageSeconds ?? 0))}`] : []),
];
