/**
 * The messages of a Postgres server without its notifications: each has one byte of type, then its length, then the
 * rest.
 */
const HEADER_BYTES = 5;
const NOTIFICATION = 'A'.charCodeAt(0);

/** Filter for one connection without TLS, from its first byte on. */
export class NotificationFilter {
  #incomplete: Buffer = Buffer.alloc(0);

  /** @returns the messages that are complete by now, without the notifications if `dropping` */
  pass(chunk: Buffer, dropping: boolean): Buffer {
    const data = this.#incomplete.length > 0 ? Buffer.concat([this.#incomplete, chunk]) : chunk;
    const kept: Buffer[] = [];
    let at = 0;
    while (data.length - at >= HEADER_BYTES) {
      const end = at + 1 + data.readUInt32BE(at + 1);
      if (end > data.length) break;
      if (!dropping || data[at] !== NOTIFICATION) kept.push(data.subarray(at, end));
      at = end;
    }
    this.#incomplete = data.subarray(at);
    return Buffer.concat(kept);
  }
}
