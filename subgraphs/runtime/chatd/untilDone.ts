/** The end of a stream by its mark. Some servers and proxies leave the connection open after it. */
import { AnswerTooLong } from './answerErrors.ts';

const MARK = /[\r\n]data: ?\[DONE\]/;
/** Characters of a mark that may stand in the chunk before. */
const MARK_LENGTH = 13;
/** Bytes of one line. A reader keeps it until it ends, and a whole step is about half as long. */
const LONGEST_LINE_BYTES = 32 * 1024 * 1024;
/** Code of the sign that ends a line. */
const LINE_FEED = 10;

/**
 * Passes everything on, up to the chunk with the mark. In JSON no line begins with it.
 * @throws AnswerTooLong, to its reader, if a line does not end
 */
export function untilDone(): TransformStream<Uint8Array, Uint8Array> {
  let before = '\n';
  let lineBytes = 0;
  return new TransformStream({
    transform(bytes, controller) {
      const end = bytes.lastIndexOf(LINE_FEED);
      lineBytes = end < 0 ? lineBytes + bytes.length : bytes.length - end - 1;
      if (lineBytes > LONGEST_LINE_BYTES) throw new AnswerTooLong(`over ${LONGEST_LINE_BYTES} bytes in one line`);
      controller.enqueue(bytes);
      const seen = before + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
      if (MARK.test(seen)) controller.terminate();
      before = seen.slice(-MARK_LENGTH);
    },
  });
}
