/** Codes in the events of a chat. */
import type { ExecutionState } from './executionState.ts';

/** Codes of states in `chat_events`: lower case with an empty queue, upper case with messages in it. */
export const STATE_OF_CODE: Readonly<Record<string, ExecutionState>> = {
  ...{ w: 'W', e: 'E0', E: 'E1', r: 'R0', R: 'R1', i: 'I0', I: 'I1', a: 'A0', A: 'A1' },
  ...{ x: 'XW', y: 'XE0', Y: 'XE1', '?': 'INVALID' },
};

/** Codes of `by` in `chat_events`. */
export const ACTOR_OF_CODE = { p: 'PERSON', w: 'WORKER', o: 'OPERATOR', u: 'UNKNOWN' } as const;
