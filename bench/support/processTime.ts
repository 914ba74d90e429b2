/** The processor time of another process, as Linux tells it; NaN elsewhere, or once it is gone. */
import { readFileSync } from 'node:fs';

/** Milliseconds in a tick of `USER_HZ`, which is 100 on every usual Linux. */
const MS_PER_TICK = 10;

/** User and system time so far, in milliseconds: the 14th and 15th word, after the name in parentheses, which is the second. */
export function processTimeMs(pid: number | undefined): number {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return Number.NaN;
  }
  const words = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(words[11]) + Number(words[12])) * MS_PER_TICK;
}
