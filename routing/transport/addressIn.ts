/** Addresses in the words of another process, which a client must not read. */

/** A URL, a port, an IP address, a name of several parts, and what is not to be told from one. */
const ADDRESS =
  /:\d|:\/\/|::|(\w+:){2}|(\d+\.){2}|localhost|\w\.[\w-]+\.\w|\.(internal|local|com|net|org|io|dev|svc)\b/i;

/** True if the text holds an address, or what looks like one. A single word may be a host as well: nothing tells. */
export const holdsAddress = (text: string): boolean => ADDRESS.test(text);
