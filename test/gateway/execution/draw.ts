/** Chance that follows from a text. */
import { createHash } from 'node:crypto';

/** Numbers from 0 up to, not including, `below`, that follow from the text. */
export function drawFrom(text: string): (below: number) => number {
  let at = 0;
  let bytes = createHash('sha256').update(text).digest();
  return (below) => {
    if (at + 4 > bytes.length) {
      bytes = createHash('sha256').update(bytes).digest();
      at = 0;
    }
    at += 4;
    return bytes.readUInt32BE(at - 4) % below;
  };
}
