/** More chats that somebody on call meets, with a look at their words and verdicts, too. */
import { call, result, text } from '../support/rows.ts';
import { type Case, stuck, watched } from './expected.ts';

const OWNED = { worker: 'first', lease: 3 } as const;
const turns = (steps: number) => [
  text('user', 'do it all'),
  ...Array.from({ length: steps }, (_, i) => [call('execute', `call_${i}`), result('execute', `call_${i}`)]).flat(),
];

export const ODD: readonly Case[] = [
  {
    name: 'a model that was asked for the seventh time',
    chat: { ...OWNED, retry: { attempt: 7, dueIn: 60 } },
    newest: { state: 'R0', verdict: 'WAITING', found: { RETRY_BACKOFF: 'WARNING' }, isSuspect: true },
  },
  {
    name: 'a turn of over three hundred steps',
    chat: { ...OWNED, history: turns(301) },
    newest: watched('R0', { LOOPING: 'WARNING' }),
  },
  {
    name: 'a turn of over three hundred steps that somebody waits behind',
    chat: { ...OWNED, history: turns(301), queued: [300] },
    newest: stuck('R1', { LOOPING: 'CRITICAL' }),
  },
  {
    name: 'attempts that led to nothing',
    chat: { ...OWNED, attempt: 6 },
    newest: stuck('R0', { SPINNING: 'CRITICAL' }),
  },
  {
    name: 'a row ahead of the clock, whose owner is well',
    chat: { ...OWNED, age: -3_600 },
    newest: watched('R0', { CLOCK_AHEAD: 'WARNING' }),
  },
  {
    name: 'silent for an hour, while the debug log is written to',
    chat: { ...OWNED, age: 3_600, debug: { status: 'in_progress', began: 3_590, written: 8 } },
    newest: watched('R0', { QUIET: 'INFO' }), // as of one whose owner can be asked, and gets on
  },
];
