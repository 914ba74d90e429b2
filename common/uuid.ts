/** Ids of chats, runners, replicas and people, as they come from outside. */

const UUID_TEXT = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Id in lower case; undefined for anything but 8-4-4-4-12 hexadecimal digits. */
export function parseUuid(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const id = value.toLowerCase();
  return UUID_TEXT.test(id) ? id : undefined;
}
