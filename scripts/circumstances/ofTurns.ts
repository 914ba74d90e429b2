/** Circumstances of a turn: its runner, its task, its tools, and what it left behind. */
import type { Circumstance } from './circumstance.ts';

const message = (role: string, hasText: boolean, finishReason: string | null) => ({
  lastMessage: { role, ageSeconds: 60, hasText, finishReason },
});
const failed = (kind: string, retryable: boolean) => ({ lastError: { kind, message: '…', retryable } });
const buffer = { historyVersion: 5, generationAttempt: 1, partsDropped: 0, isClosed: false };
const retry = (attempt: number) => ({ attempt, error: '…', kind: 'overloaded' });

export const TURN_CIRCUMSTANCES: readonly Circumstance[] = [
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
  {
    what: 'the fifth attempt of the same owner',
    state: 'R0',
    database: { generationAttempt: 5, retryStateVersion: 0 },
  },
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
];
