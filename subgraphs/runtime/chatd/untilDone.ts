/** A stream of the protocol ends with its mark: some servers, and what stands before them, leave the connection open. */

const MARK = /[\r\n]data: ?\[DONE\]/;
/** As many characters as a mark may have in the chunk before. */
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
