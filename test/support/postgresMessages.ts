/** Messages of the Postgres protocol: a letter for its type, a length and a body. */

interface PostgresMessage {
  readonly type: string;
  readonly body: Buffer;
  /** As it was sent. */
  readonly whole: Buffer;
}

/**
 * Reads what one side of a connection sends, from its first byte on. What is not whole waits for the next chunk.
 * @param startsTyped false for a client, whose first message has no type
 */
export function messageReader({ startsTyped }: { readonly startsTyped: boolean }) {
  let rest: Buffer = Buffer.alloc(0);
  let typeBytes = startsTyped ? 1 : 0;
  return (chunk: Buffer): PostgresMessage[] => {
    rest = Buffer.concat([rest, chunk]);
    const messages: PostgresMessage[] = [];
    while (rest.length >= typeBytes + 4) {
      const end = typeBytes + rest.readUInt32BE(typeBytes);
      if (rest.length < end) break;
      const type = String.fromCharCode(...rest.subarray(0, typeBytes));
      messages.push({ type, body: rest.subarray(typeBytes + 4, end), whole: rest.subarray(0, end) });
      rest = rest.subarray(end);
      typeBytes = 1;
    }
    return messages;
  };
}
