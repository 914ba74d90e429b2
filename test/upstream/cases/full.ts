/** A deployment that works on as many chats as it may, and those that wait for a slot. */
import { call, text } from '../support/rows.ts';
import { type Case, type Expected, stuck, waiting, working } from './expected.ts';

const WAITS = [text('user', 'deploy it'), call('ask_user')];
const OWNED = { worker: 'first', lease: 3 } as const;
const numbered = (count: number, make: (name: string) => Case): Case[] =>
  Array.from({ length: count }, (_, i) => make(`${i + 1} of ${count}`));

const waitsLong = (state: string, found: Expected['found'] = {}): Expected => ({
  ...{ state, verdict: 'WAITING', found: { CAPACITY_WAIT: 'WARNING', ...found }, isSuspect: true },
});

/** Every slot is taken: 5 chats without a parent, 10 subagents. */
export const TAKEN: readonly Case[] = [
  ...numbered(5, (of) => ({ name: `root chat ${of}`, chat: { ...OWNED }, newest: working('R0') })),
  ...numbered(10, (of) => ({ name: `subagent ${of}`, chat: { ...OWNED, isSubagent: true }, newest: working('R0') })),
];

/** Chats queued for ten minutes, or two. */
export const QUEUED: readonly Case[] = [
  { name: 'root chat that waits for ten minutes', chat: { age: 600 }, newest: waitsLong('R0') },
  {
    name: 'root chat with a queue that waits for ten minutes',
    chat: { age: 600, queued: [500] },
    newest: waitsLong('R1'),
  },
  { name: 'interrupted root chat', chat: { age: 600, status: 'interrupting' }, newest: waitsLong('I0') },
  {
    name: 'root chat whose tool may still answer',
    chat: { age: 600, status: 'requires_action', deadline: 200, history: WAITS },
    newest: waitsLong('A0', { ACTION_PENDING: 'INFO' }),
  },
  { name: 'subagent that waits for ten minutes', chat: { age: 600, isSubagent: true }, newest: waitsLong('R0') },
  {
    name: 'root chat that waits for two minutes',
    chat: { age: 120 },
    newest: waiting('R0', { CAPACITY_WAIT: 'INFO' }),
    older: waitsLong('R0'), // there a worker looks every second
  },
  {
    name: 'subagent that waits for two minutes',
    chat: { age: 120, isSubagent: true },
    newest: waiting('R0', { CAPACITY_WAIT: 'INFO' }),
    older: waitsLong('R0'),
  },
];

/** A slot that a dead owner leaked: nobody gives the chat to another before there is a free one. */
export const LEAKED: Case = {
  name: 'root chat whose owner died',
  chat: { age: 600, worker: 'stopped' },
  newest: stuck('R0', { OWNER_STOPPED: 'CRITICAL', HEARTBEAT_MISSING: 'WARNING' }),
};
