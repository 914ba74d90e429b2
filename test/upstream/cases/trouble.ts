/** Chats that nobody works on, or whose owner gets nowhere. There is room for them. */
import { call, text } from '../support/rows.ts';
import { type Case, stuck, watched, working } from './expected.ts';

const WAITS = [text('user', 'deploy it'), call('ask_user')];
const LOST = { HEARTBEAT_STALE: 'CRITICAL' } as const;

export const TROUBLE: readonly Case[] = [
  {
    name: 'unowned for 20 s',
    chat: { age: 20 },
    newest: working('R0', { NO_OWNER: 'INFO' }),
    older: stuck('R0', { NO_OWNER: 'CRITICAL' }),
  },
  { name: 'unowned for ten minutes', chat: { age: 600 }, newest: stuck('R0', { NO_OWNER: 'CRITICAL' }) },
  {
    name: 'interrupting and unowned for ten minutes',
    chat: { status: 'interrupting', age: 600 },
    newest: stuck('I0', { NO_OWNER: 'CRITICAL' }),
  },
  {
    name: 'a worker without a runner',
    chat: { age: 600, worker: 'first', hasRunner: false },
    newest: stuck('R0', { NO_OWNER: 'CRITICAL' }),
  },
  {
    name: 'a lease at the threshold of 30 s',
    chat: { age: 200, worker: 'first', lease: 30 },
    newest: stuck('R0', LOST),
    older: working('R0'),
  },
  {
    name: 'a lease of 100 s',
    chat: { age: 400, worker: 'first', lease: 100 },
    newest: stuck('R0', LOST),
    older: working('R0'),
  },
  {
    name: 'a lease of 200 s',
    chat: { age: 400, worker: 'first', lease: 200 },
    newest: stuck('R0', LOST),
    older: watched('R0', { LEASE_ENDANGERED: 'WARNING' }),
  },
  {
    name: 'a lease at the threshold of 300 s',
    chat: { age: 400, worker: 'first', lease: 300 },
    newest: stuck('R0', LOST),
  },
  {
    name: 'an owner that is well and has no lease',
    chat: { age: 600, worker: 'first' },
    newest: stuck('R0', { HEARTBEAT_MISSING: 'CRITICAL' }),
  },
  {
    name: 'an owner that has stopped',
    chat: { age: 600, worker: 'stopped' },
    newest: stuck('R0', { OWNER_STOPPED: 'CRITICAL', HEARTBEAT_MISSING: 'WARNING' }),
  },
  {
    name: 'an owner in no row',
    chat: { age: 600, worker: 'unknown' },
    newest: stuck('R0', { OWNER_UNKNOWN: 'CRITICAL', HEARTBEAT_MISSING: 'WARNING' }),
  },
  {
    name: 'an owner in no row whose lease is fresh',
    chat: { age: 20, worker: 'unknown', lease: 3 },
    newest: working('R0'),
  },
  {
    name: 'a deadline that passed ten minutes ago',
    chat: { status: 'requires_action', age: 900, worker: 'first', lease: 3, deadline: -600, history: WAITS },
    newest: stuck('A0', { ACTION_DEADLINE_PASSED: 'CRITICAL' }),
  },
  {
    name: 'a retry that is overdue',
    chat: { age: 400, worker: 'first', lease: 3, retry: { attempt: 2, dueIn: -300 } },
    newest: stuck('R0', { RETRY_OVERDUE: 'CRITICAL' }),
  },
  {
    name: 'an owner that renews its lease and is silent for an hour',
    chat: { age: 3_600, worker: 'first', lease: 3 },
    newest: watched('R0', { QUIET: 'INFO' }),
  },
];
