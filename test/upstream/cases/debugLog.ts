/** Chats with something in the debug log, whose owner cannot be asked. */
import { type Case, stuck, watched, working } from './expected.ts';

const OWNED = { worker: 'first', lease: 3 } as const;
const IN_PROGRESS = { status: 'in_progress', began: 1_190 } as const;

export const LOGGED: readonly Case[] = [
  {
    name: 'a run that is written to',
    chat: { ...OWNED, age: 300, debug: { ...IN_PROGRESS, began: 290, written: 8 } },
    newest: working('R0'),
  },
  {
    name: 'a run that has been silent for ten minutes',
    chat: { ...OWNED, age: 1_200, debug: { ...IN_PROGRESS, written: 600 } },
    newest: watched('R0', { QUIET: 'INFO' }),
  },
  {
    name: 'a run that has ended, and a row that is about to change',
    chat: { ...OWNED, age: 40, debug: { status: 'completed', began: 38, written: 4, ended: 4 } },
    newest: working('R0'),
  },
  {
    name: 'a run that is written to, of an owner that has lost its lease',
    chat: { worker: 'first', age: 600, debug: { ...IN_PROGRESS, began: 590, written: 8 } },
    newest: stuck('R0', { HEARTBEAT_MISSING: 'CRITICAL' }),
  },
  {
    name: 'a title that was made long ago',
    chat: {
      ...OWNED,
      age: 300,
      debug: { kind: 'title_generation', status: 'completed', began: 900, written: 890, ended: 890 },
    },
    newest: working('R0'),
  },
];
