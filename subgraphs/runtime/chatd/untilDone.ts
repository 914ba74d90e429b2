/** The end of a stream by its mark. Some servers and proxies leave the connection open after it. */

const MARK = /[\r\n]data: ?\[DONE\]/;
/** Characters of a mark that may stand in the chunk before. */
const MARK_LENGTH = 13;

/** Passes everything on, up to the chunk with the mark. In JSON no line begins with it. */
export function untilDone(): TransformStream<Uint8Array, Uint8Array> {
  let before = '\n';
  return new TransformStream({
    transform(bytes, controller) {
      controller.enqueue(bytes);
      const seen = before + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
      if (MARK.test(seen)) controller.terminate();
      before = seen.slice(-MARK_LENGTH);
    },
  });
}
