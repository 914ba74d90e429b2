/** Checks of what a worker gives: a wrong value is an error where it is given, and not in the answers about other chats. */

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Id in lower case.
 * @param name of the value, for the error
 * @throws TypeError if it is no UUID
 */
export function requireUuid(value: unknown, name: string): string {
  if (typeof value === 'string' && UUID.test(value)) return value.toLowerCase();
  throw new TypeError(
    `${name} must be a UUID, such as 0b6f2c9e-5f0a-4c39-9b0e-6d1f0c2a7e55, as in the row of the chat.`,
  );
}

/** Longest kind of a task that the protocol has room for. */
const LONGEST_KIND = 200;

/**
 * Kind of a task.
 * @throws TypeError if it is no word
 */
export function requireKind(value: unknown): string {
  if (typeof value === 'string' && value !== '' && value.length <= LONGEST_KIND) return value;
  throw new TypeError(`kind must be a word of at most ${LONGEST_KIND} characters, such as generation.`);
}

/**
 * Seconds that pass.
 * @param name of the value, for the error
 * @throws TypeError if it is no number above 0
 */
export function requireSeconds(value: unknown, name: string): void {
  if (typeof value === 'number' && value > 0 && value < Number.POSITIVE_INFINITY) return;
  throw new TypeError(`${name} must be a number of seconds above 0, received ${String(value)}.`);
}

/**
 * Time of its own, which nobody else changes.
 * @param name of the value, for the error
 * @throws TypeError if it is no valid Date
 */
export function requireTime(value: unknown, name: string): Date {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return new Date(value);
  throw new TypeError(`${name} must be a valid Date.`);
}
