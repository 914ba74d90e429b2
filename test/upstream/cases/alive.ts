/** Chats whose owner is well, though nobody can ask it. */
import { call, text } from '../support/rows.ts';
import { type Case, waiting, watched, working } from './expected.ts';

const OWNED = { worker: 'first', lease: 3 } as const;
const WAITS = [text('user', 'deploy it'), call('ask_user')];

export const ALIVE: readonly Case[] = [
  { name: 'R0', chat: { ...OWNED }, newest: working('R0') },
  { name: 'R0 of a replica without a relay address', chat: { worker: 'second', lease: 3 }, newest: working('R0') },
  { name: 'R1', chat: { ...OWNED, queued: [4] }, newest: working('R1') },
  { name: 'I0', chat: { ...OWNED, status: 'interrupting' }, newest: working('I0') },
  { name: 'I1', chat: { ...OWNED, status: 'interrupting', queued: [4] }, newest: working('I1') },
  { name: 'R0 that compacts', chat: { ...OWNED, age: 20, isCompacting: true }, newest: working('R0') },
  { name: 'R0 of a subagent', chat: { ...OWNED, isSubagent: true }, newest: working('R0') },
  {
    name: 'I0 with a retry state that was left over',
    chat: { ...OWNED, status: 'interrupting', retry: { attempt: 2, dueIn: -40 } },
    newest: working('I0'),
  },
  {
    name: 'A0 before its deadline',
    chat: { ...OWNED, status: 'requires_action', deadline: 200, history: WAITS },
    newest: waiting('A0', { ACTION_PENDING: 'INFO' }),
  },
  {
    name: 'A1 before its deadline',
    chat: { ...OWNED, status: 'requires_action', deadline: 200, history: WAITS, queued: [4] },
    newest: waiting('A1', { ACTION_PENDING: 'INFO' }),
  },
  {
    name: 'A0 with a retry state that was left over',
    chat: { ...OWNED, status: 'requires_action', deadline: 200, history: WAITS, retry: { attempt: 7, dueIn: -400 } },
    newest: waiting('A0', { ACTION_PENDING: 'INFO' }),
  },
  {
    name: 'R0 that calls the model again in five minutes',
    chat: { ...OWNED, retry: { attempt: 2, dueIn: 300 } },
    newest: waiting('R0', { RETRY_BACKOFF: 'INFO' }),
  },
  { name: 'R0 in a tool call of five minutes', chat: { ...OWNED, age: 300 }, newest: working('R0') },
  {
    name: 'R0 whose lease is 25 s old',
    chat: { worker: 'first', lease: 25 },
    newest: watched('R0', { LEASE_ENDANGERED: 'WARNING' }),
    older: working('R0'),
  },
];
