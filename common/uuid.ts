/** Ids of chats, runners, replicas and people, as they come from outside. */

const UUID_TEXT = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const SHOWN_CHARACTERS = 60;

/** Id in lower case; undefined for anything but 8-4-4-4-12 hexadecimal digits. */
export function parseUuid(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const id = value.toLowerCase();
  return UUID_TEXT.test(id) ? id : undefined;
}

/** Sentence on what an id is, for a client that sent something else. */
export function noUuid(received: string): string {
  const shown = received.length > SHOWN_CHARACTERS ? `${received.slice(0, SHOWN_CHARACTERS)}…` : received;
  return `An id is 8-4-4-4-12 hexadecimal digits, such as 0b6f2c9e-5f0a-4c39-9b0e-6d1f0c2a7e55. Received ${shown}.`;
}
