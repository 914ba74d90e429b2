/** Chats at rest: the person's move, or nobody's. */
import { call, result, text } from '../support/rows.ts';
import { type Case, failed, idle, stuck } from './expected.ts';

const ERROR = {
  message: 'the model is busy',
  kind: 'overloaded',
  provider: 'anthropic',
  retryable: true,
  status_code: 529,
};
const REFUSED = {
  message: 'the prompt is too long',
  kind: 'config',
  provider: 'anthropic',
  retryable: false,
  status_code: 400,
};
const ANSWERED = [text('user', 'hello'), text('assistant', 'good day')];
/** A boundary in the history: what was before it is no longer sent to the model. */
const boundary = (tool: string) =>
  [
    { ...text('user', 'what was said until now'), visibility: 'model', compressed: true },
    { ...call(tool, 'boundary_1'), compressed: true },
    { ...result(tool, 'boundary_1'), compressed: true },
  ] as const;

export const REST: readonly Case[] = [
  { name: 'W', chat: { status: 'waiting', age: 900 }, newest: idle('W') },
  {
    name: 'W that still names its last owner',
    chat: { status: 'waiting', age: 900, worker: 'stopped' },
    newest: idle('W'),
  },
  {
    name: 'W after it was compacted',
    chat: { status: 'waiting', age: 900, history: [...ANSWERED, ...boundary('chat_summarized')] },
    newest: idle('W'),
  },
  {
    name: 'W after its context was cleared',
    chat: { status: 'waiting', age: 900, history: [...ANSWERED, ...boundary('chat_cleared')] },
    newest: idle('W'),
  },
  {
    name: 'E0 that may be tried again',
    chat: { status: 'error', age: 900, lastError: ERROR },
    newest: { state: 'E0', verdict: 'FAILED', found: { ERRORED: 'WARNING' }, isSuspect: false },
  },
  {
    name: 'E0 that would fail again',
    chat: { status: 'error', age: 900, lastError: REFUSED },
    newest: failed('E0', { ERRORED: 'WARNING' }),
  },
  {
    name: 'E1',
    chat: { status: 'error', age: 900, lastError: ERROR, queued: [800] },
    newest: failed('E1', { QUEUE_BLOCKED: 'CRITICAL', ERRORED: 'WARNING' }),
  },
  { name: 'XW', chat: { status: 'waiting', age: 900, archived: true }, newest: idle('XW') },
  { name: 'XE0', chat: { status: 'error', age: 900, archived: true, lastError: REFUSED }, newest: idle('XE0') },
  {
    name: 'XE1',
    chat: { status: 'error', age: 900, archived: true, lastError: ERROR, queued: [800] },
    newest: idle('XE1'),
  },
  {
    name: 'waiting with a queue',
    chat: { status: 'waiting', age: 900, queued: [800] },
    newest: stuck('INVALID', { INVALID_STATE: 'CRITICAL' }),
  },
  {
    name: 'running and archived',
    chat: { archived: true, age: 900, worker: 'first', lease: 3 },
    newest: stuck('INVALID', { INVALID_STATE: 'CRITICAL' }),
  },
  {
    // Nothing notes what was interrupted before its first word, or whether that was the person's wish.
    name: 'W whose last message is the person’s',
    chat: { status: 'waiting', age: 900, history: [text('user', 'is anybody there?')] },
    newest: { state: 'W', verdict: 'IDLE', found: { UNANSWERED: 'WARNING' }, isSuspect: true },
  },
];
