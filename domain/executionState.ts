/** Name that a chat's status, queue and archived marker make together. */

export const EXECUTION_STATES = [
  'W',
  'E0',
  'E1',
  'R0',
  'R1',
  'I0',
  'I1',
  'A0',
  'A1',
  'XW',
  'XE0',
  'XE1',
  'INVALID',
] as const;
export type ExecutionState = (typeof EXECUTION_STATES)[number];

const LETTERS: ReadonlyMap<string, 'W' | 'E' | 'R' | 'I' | 'A'> = new Map([
  ['waiting', 'W'],
  ['error', 'E'],
  ['running', 'R'],
  ['interrupting', 'I'],
  ['requires_action', 'A'],
]);

/** Statuses of earlier versions, and of Coder, in which no chat should be. On another platform they mean something else. */
export const FORMER_STATUSES: readonly string[] = ['pending', 'paused', 'completed'];

/** True for a status that this project's workers write, or wrote once. A newer version may have others. */
export const isKnownStatus = (status: string): boolean => LETTERS.has(status) || FORMER_STATUSES.includes(status);

/** Execution state of a row. An unknown status makes it INVALID. */
export function executionState(chat: { status: string; archived: boolean; queueDepth: number }): ExecutionState {
  const letter = LETTERS.get(chat.status);
  const digit = chat.queueDepth > 0 ? '1' : '0';
  if (letter === undefined) return 'INVALID';
  if (letter === 'W') return digit === '1' ? 'INVALID' : chat.archived ? 'XW' : 'W';
  if (letter === 'E') return chat.archived ? `XE${digit}` : `E${digit}`;
  return chat.archived ? 'INVALID' : `${letter}${digit}`;
}

/** True if a worker should own a chat in this state. */
export const isRunnable = (state: ExecutionState): boolean => /^[RIA][01]$/.test(state);
