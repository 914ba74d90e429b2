/** Circumstances beside those of the matrix: the healthy chat, with one change each. */
import type { ExecutionState } from '../domain/executionState.ts';
import { VIEWS_CIRCUMSTANCES } from './viewsCircumstances.ts';

type Fields = Readonly<Record<string, unknown>>;

export interface Circumstance {
  /** Name, in a few words. */
  readonly what: string;
  readonly state: ExecutionState;
  /** Present if nobody owns the chat. Otherwise a replica that answers does. */
  readonly unowned?: true;
  /** Present if replicas are not asked. */
  readonly notAsked?: true;
  readonly database?: Fields;
  readonly trouble?: Fields;
  readonly candidates?: readonly Fields[];
  /** Owners by the history, newest first; left out: none is kept. */
  readonly recentOwners?: readonly Fields[];
  /** Changed fields of the runner. */
  readonly runner?: Fields;
  /** Changed fields of the runner's task. */
  readonly task?: Fields;
  /** Changed fields of the owner's memory. */
  readonly runtime?: Fields;
}

const message = (role: string, hasText: boolean, finishReason: string | null) => ({
  lastMessage: { role, ageSeconds: 60, hasText, finishReason },
});
const full = { workerId: null, reachability: { status: 'OK' }, isFull: true, isDraining: false };
const started = { ...full, isFull: false, roomSeconds: 2 };
const silent = { ...full, reachability: { status: 'TIMED_OUT' }, isFull: null };
const leases = ['1', '2'].map((digit) => ({ runnerId: digit, ageSeconds: 3 }));
/** Owners that each held the chat for 20 s and began an attempt, newest first. The newest is the row's. */
const owners = (count: number, ended: string, more: Fields = {}) =>
  Array.from({ length: count }, (_, i) => ({
    ...{ workerId: null, runnerId: null, ageSeconds: 20 * (i + 1), seconds: 20, ended: i === 0 ? null : ended },
    ...{ stepsCommitted: 0, attempts: 1, ownerRow: 'ALIVE', ...(i === 0 ? NEWEST : more) },
  }));
const NEWEST = { workerId: '00000000-0000-4000-8000-000000000001', runnerId: '00000000-0000-4000-8000-000000000002' };
const begun = (times: number) => ({ generationAttempt: times, retryStateVersion: 0 });
const versions = (snapshotVersion: number) => ({ snapshotVersion, historyVersion: 5 });
const failed = (kind: string, retryable: boolean) => ({ lastError: { kind, message: '…', retryable } });
const buffer = { historyVersion: 5, generationAttempt: 1, partsDropped: 0, isClosed: false };
const slots = (used: number) => ({ platform: 'coder', pool: { kind: 'ROOT', used, capacity: 5 } });
const log = (ageSeconds: number) => ({ debugRun: { status: 'in_progress', ageSeconds, hasEnded: false } });
const minutes = (count: number) => ({ updatedAgeSeconds: 60 * count });
const leaseGone = { heartbeatState: 'MISSING', heartbeat: null, heartbeats: [] };
const retry = (attempt: number) => ({ attempt, error: '…', kind: 'overloaded' });

export const CIRCUMSTANCES: readonly Circumstance[] = [
  {
    what: 'a status that this version does not know',
    state: 'INVALID',
    database: { status: 'compacting' },
    unowned: true,
  },
  {
    what: 'a time in the row cannot be shown',
    state: 'R0',
    database: { updatedAgeSeconds: null, unreadable: ['updatedAt'] },
  },
  { what: 'the turn took too long to read', state: 'R0', database: { turn: null, unreadable: ['turn'] } },
  {
    what: 'the database takes no writes',
    state: 'R0',
    unowned: true,
    trouble: { canWrite: false, isInRecovery: false },
  },
  {
    what: 'a session holds the row for 20 s',
    state: 'R0',
    unowned: true,
    trouble: { rowLocked: true, rowLockedSeconds: 20 },
  },
  {
    what: 'a session holds the row for 20 s, and no replicas are asked',
    state: 'R0',
    notAsked: true,
    trouble: { rowLocked: true, rowLockedSeconds: 20, rowAwaited: false },
  },
  {
    what: 'a session holds the row for 20 s, no replicas are asked, and somebody waits for the row',
    state: 'R0',
    notAsked: true,
    trouble: { rowLocked: true, rowLockedSeconds: 20, rowAwaited: true },
  },
  {
    what: 'the row is an hour ahead of the clock, and nobody owns the chat',
    state: 'R0',
    unowned: true,
    database: { updatedAgeSeconds: -3600 },
  },
  {
    what: 'the row is an hour ahead of the clock, and its owner works',
    state: 'R0',
    database: { updatedAgeSeconds: -3600 },
  },
  {
    what: 'a second owner began the step a third time',
    state: 'R0',
    database: { ...begun(3), heartbeats: leases, updatedAgeSeconds: 20 },
  },
  {
    what: 'a second owner began the step a fifth time, 20 s ago',
    state: 'R0',
    database: { ...begun(5), heartbeats: leases, updatedAgeSeconds: 20 },
  },
  {
    what: 'the same a minute ago, and the owner has kept its lease since',
    state: 'R0',
    database: { ...begun(5), heartbeats: leases },
  },
  {
    what: 'by its history, the third owner began the step; the two before it were lost',
    state: 'R0',
    database: { ...begun(3), updatedAgeSeconds: 20 },
    recentOwners: owners(3, 'TAKEN_OVER', { ownerRow: 'STALE' }),
  },
  {
    what: 'by its history, the fifth owner began the step; the four before it were lost',
    state: 'R0',
    database: { ...begun(5), updatedAgeSeconds: 20 },
    recentOwners: owners(5, 'TAKEN_OVER', { ownerRow: 'STALE' }),
  },
  {
    what: 'by its history, one owner was lost, and the second began the step four times',
    state: 'R0',
    database: { ...begun(5), updatedAgeSeconds: 20, heartbeats: leases },
    recentOwners: owners(2, 'TAKEN_OVER').map((owner, i) => ({ ...owner, attempts: i === 0 ? 4 : 1 })),
  },
  {
    what: 'four live owners gave it up within 80 s',
    state: 'R0',
    database: { ...begun(5), ...versions(13), updatedAgeSeconds: 20 },
    recentOwners: owners(5, 'HANDED_OVER'),
    runner: { snapshotVersion: 13 },
  },
  {
    what: 'the same, and the fifth has kept its lease for a minute',
    state: 'R0',
    database: { ...begun(5), ...versions(13) },
    recentOwners: owners(5, 'HANDED_OVER'),
    runner: { snapshotVersion: 13 },
  },
  {
    what: 'four owners gave it up within 80 s, and have stopped',
    state: 'R0',
    database: { ...begun(5), ...versions(15), updatedAgeSeconds: 20 },
    recentOwners: owners(5, 'HANDED_OVER', { ownerRow: 'STOPPED' }),
    runner: { snapshotVersion: 15 },
  },
  { what: 'all 3 replicas are full', state: 'R0', unowned: true, candidates: [full, full, full] },
  { what: 'two are full, and one does not answer', state: 'R0', unowned: true, candidates: [full, full, silent] },
  { what: 'one is full, and one has just started', state: 'R0', unowned: true, candidates: [full, started] },
  {
    what: 'all replicas have been full for 2 min',
    state: 'R0',
    unowned: true,
    candidates: [full],
    database: { updatedAgeSeconds: 120 },
  },
  { what: 'its runner is a version behind', state: 'R0', runner: { snapshotVersion: 6 } },
  { what: 'its runner has no task for 30 s', state: 'R0', runner: { activeTask: null, idleSeconds: 30 } },
  {
    what: 'the next attempt is 10 s late, and its owner gave it up 6 s ago',
    state: 'R0',
    unowned: true,
    database: { retryState: retry(1), retrySecondsLeft: -10, updatedAgeSeconds: 6 },
  },
  { what: 'the next attempt is 10 s late', state: 'R0', database: { retryState: retry(1), retrySecondsLeft: -10 } },
  {
    what: 'the next attempt is in a year',
    state: 'R0',
    database: { retryState: retry(1), retrySecondsLeft: 31_536_000 },
  },
  { what: 'the next attempt is in 30 s', state: 'R0', database: { retryState: retry(1), retrySecondsLeft: 30 } },
  { what: 'the deadline of its tool passed 10 s ago', state: 'A0', database: { requiresActionSecondsLeft: -10 } },
  { what: 'the fifth attempt of the same owner', state: 'R0', database: begun(5) },
  { what: 'the task broke off 3 times', state: 'R0', task: { breakOffs: 3 } },
  { what: 'the turn has 60 steps', state: 'R0', database: { turn: { ageSeconds: 90, steps: 60, toolCalls: 60 } } },
  {
    what: 'the turn has 60 steps, and a message has waited for 2 min',
    state: 'R1',
    database: { turn: { ageSeconds: 90, steps: 60, toolCalls: 60 }, oldestQueuedAgeSeconds: 120 },
  },
  {
    what: 'the turn has 60 steps, and waits for a tool outside',
    state: 'A0',
    database: { turn: { ageSeconds: 90, steps: 60, toolCalls: 60 } },
  },
  {
    what: 'the turn has 60 steps, waits for a tool outside, and a message has waited for 2 min',
    state: 'A1',
    database: { turn: { ageSeconds: 90, steps: 60, toolCalls: 60 }, oldestQueuedAgeSeconds: 120 },
  },
  { what: 'no progress for 70 s', state: 'R0', task: { secondsSinceProgress: 70 } },
  {
    what: 'no progress for 70 s, of a tool that may take 5 min',
    state: 'R0',
    task: { secondsSinceProgress: 70, progressWithinSeconds: 300 },
  },
  { what: 'the task has waited for the database for 70 s', state: 'R0', task: { waitsForDatabaseSeconds: 70 } },
  {
    what: 'the task has waited for 12 s for a database whose disk is full',
    state: 'R0',
    task: { waitsForDatabaseSeconds: 12, databaseError: 'DISK_FULL' },
  },
  {
    what: 'a tool is not answered for the second time',
    state: 'A0',
    database: { openCalls: [{ id: 'call_1', toolName: 'ask', ageSeconds: 9, timesUnanswered: 2 }] },
  },
  { what: 'a child has failed', state: 'A0', database: { lostChildren: [{ chatId: '…', executionState: 'E0' }] } },
  {
    what: 'the chat is its own parent',
    state: 'A0',
    database: { lostChildren: [{ chatId: '…', executionState: 'A0' }] },
  },
  { what: 'the person’s message stands last', state: 'W', unowned: true, database: message('user', true, null) },
  {
    what: 'the last step ended for its length, without text',
    state: 'W',
    unowned: true,
    database: message('assistant', false, 'length'),
  },
  {
    what: 'the person interrupted it',
    state: 'W',
    unowned: true,
    database: message('assistant', false, 'interrupted'),
  },
  {
    what: 'its lease is 20 s old, and should be renewed every 9 s',
    state: 'R0',
    database: { heartbeat: { ageSeconds: 20, staleAfterSeconds: 30 } },
  },
  { what: 'the turn failed, and may be tried again', state: 'E0', unowned: true, database: failed('overloaded', true) },
  {
    what: 'the turn failed, and would fail again',
    state: 'E0',
    unowned: true,
    database: failed('context_length', false),
  },
  { what: 'the turn failed: the key was refused', state: 'E0', unowned: true, database: failed('auth', false) },
  { what: 'its buffer dropped parts', state: 'R0', runtime: { messageBuffers: [{ ...buffer, partsDropped: 1 }] } },
  {
    what: 'a buffer is open, and no task writes to it',
    state: 'R0',
    runtime: { messageBuffers: [{ ...buffer, historyVersion: 4 }] },
  },
  { what: 'no change for 5 min, and its owner gets on', state: 'R0', database: { updatedAgeSeconds: 300 } },
  { what: 'Coder: all 5 slots are taken', state: 'R0', unowned: true, trouble: slots(5) },
  {
    what: 'Coder: all 5 slots have been taken for 10 min',
    state: 'R0',
    unowned: true,
    trouble: slots(5),
    database: minutes(10),
  },
  {
    what: 'Coder: all 5 slots are taken, and the deadline of its tool passed',
    state: 'A0',
    unowned: true,
    trouble: slots(5),
    database: { requiresActionSecondsLeft: -50 },
  },
  { what: 'Coder: one of 5 slots is free', state: 'R0', unowned: true, trouble: slots(4) },
  { what: 'Coder: 8 of 5 slots are taken', state: 'R0', unowned: true, trouble: slots(8) },
  {
    what: 'Coder: the person edits a queued message',
    state: 'INVALID',
    unowned: true,
    trouble: slots(0),
    database: { status: 'paused', queueDepth: 1 },
  },
  {
    what: 'Coder: its owner stopped, and its lease has gone',
    state: 'R0',
    notAsked: true,
    trouble: { ...slots(5), ownerRow: 'STOPPED' },
    database: leaseGone,
  },
  {
    what: 'Coder: its owner is in no row, and its lease is fresh',
    state: 'R0',
    notAsked: true,
    trouble: { ...slots(5), ownerRow: 'MISSING' },
  },
  {
    what: 'Coder: its lease is an hour ahead',
    state: 'R0',
    notAsked: true,
    trouble: slots(5),
    database: { heartbeat: { ageSeconds: -3600, staleAfterSeconds: 30 } },
  },
  {
    what: 'Coder: the row is an hour ahead, and one of 5 slots is free',
    state: 'R0',
    unowned: true,
    trouble: slots(4),
    database: { updatedAgeSeconds: -3600 },
  },
  {
    what: 'Coder: no change for 5 min, its debug log was just written',
    state: 'R0',
    notAsked: true,
    trouble: slots(5),
    database: { ...minutes(5), ...log(3) },
  },
  {
    what: 'Coder: no change for 5 min, nor in its debug log for 4',
    state: 'R0',
    notAsked: true,
    trouble: slots(5),
    database: { ...minutes(5), ...log(240) },
  },
  {
    what: 'Coder: no change for 5 min, and its last run ended 4 min ago',
    state: 'R0',
    notAsked: true,
    trouble: slots(5),
    database: { ...minutes(5), debugRun: { status: 'error', ageSeconds: 240, hasEnded: true } },
  },
  {
    what: 'Coder: the person interrupted it 5 min ago, and it has not stopped',
    state: 'I0',
    notAsked: true,
    trouble: slots(5),
    database: minutes(5),
  },
  ...VIEWS_CIRCUMSTANCES,
];
