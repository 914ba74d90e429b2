/** Values as words in a sentence. */
import { cut } from '../cut.ts';

/** Name of the replica in the row. */
export const ownerName = ({ workerId }: { readonly workerId: string | null }): string =>
  workerId === null ? 'its former owner' : `replica ${workerId}`;

/** Duration in words: `4.2 s`, `45 s`, `12 min`, `3 h`, `5 days`, `73 years`. */
export function secondsText(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return 'an unknown time';
  if (seconds < 10) return `${Math.max(0, Math.round(seconds * 10) / 10)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  if (seconds < 63_072_000) return `${Math.round(seconds / 86_400)} days`;
  return `${Math.round(seconds / 31_536_000)} years`;
}

/** Sentence made of a clause. */
export const sentence = (clause: string): string => `${clause.charAt(0).toUpperCase()}${clause.slice(1)}.`;

const LONGEST_WORD = 60;
/** Word that somebody else chose, shortened, and without characters that change how a line is shown. */
export function word(text: string): string {
  return cut(text.replace(/[\p{C}\p{Z}]+/gu, ' ').trim(), LONGEST_WORD);
}

/** Count with its noun: `1 replica`, `3 replicas`. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** List in words: `a`, `a and b`, `a, b and c`. */
export const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
