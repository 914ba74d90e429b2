/** Text for a terminal of some width. Long words are cut with …; lines do not end in spaces. */
import type { ChalkInstance } from 'chalk';
import Table from 'cli-table3';
import type { Verdict } from '../../domain/diagnosis/diagnosis.ts';
import { secondsText } from '../../domain/diagnosis/wording.ts';

export interface Page {
  /** Columns. */
  readonly width: number;
  /** Only colours that can be read on black and on white: no yellow, no gray, no dim. */
  readonly paint: ChalkInstance;
}

const GAP = 2;
const NAME_WIDTH = 12;
const NO_BORDERS = Object.fromEntries(
  ['top', 'bottom', 'mid', 'left', 'right'].flatMap((line) =>
    [line, `${line}-mid`, `${line}-left`, `${line}-right`].map((name) => [name, '']),
  ),
);

/** How columns are set. */
interface Setting {
  /** Columns from the left. */
  readonly indent?: number;
  /** False: one line a row, cut with …; else wrapped between words. */
  readonly wordWrap?: boolean;
}

/**
 * Rows in columns.
 * @param widths of the columns but the last, which takes what is left
 */
export function columns(
  { width }: Page,
  widths: readonly number[],
  rows: readonly (readonly string[])[],
  { indent = 0, wordWrap = true }: Setting = {},
): string {
  if (rows.length === 0) return '';
  const taken = widths.reduce((sum, one) => sum + one + GAP, indent);
  const last = Math.max(1, width - taken);
  const table = new Table({
    chars: { ...NO_BORDERS, middle: ' '.repeat(GAP) },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    colWidths: [...widths, last],
    wordWrap,
  });
  table.push(...rows.map((row) => [...row.slice(0, -1), breakable(row.at(-1) ?? '', last)]));
  return table
    .toString()
    .replace(HALF_OF_A_PAIR, '') // of a character that was cut in the middle
    .split('\n')
    .map((line) => `${' '.repeat(indent)}${line}`.trimEnd())
    .join('\n');
}

const HALF_OF_A_PAIR = /\p{Cs}/gu;
const BEYOND_LATIN = /[\u0250-\u1fff\u2070-\u{10ffff}]/u;

/** Text of scripts that set no space between words, which can be broken where a line ends; each letter may take two columns. */
function breakable(text: string, width: number): string {
  const most = Math.max(1, Math.floor(width / 2));
  return text.replace(/\S+/gu, (word) => {
    if (!BEYOND_LATIN.test(word)) return word;
    return (word.match(new RegExp(`.{1,${most}}`, 'gu')) ?? []).join(' ');
  });
}

/** Text, wrapped between words. */
export const paragraph = (page: Page, text: string, indent = 0): string => columns(page, [], [[text]], { indent });

/** One line, cut with … where it is too long. */
export const cutLine = (page: Page, text: string): string => columns(page, [], [[text]], { wordWrap: false });

/** A name and a text. */
export type Row = readonly [string, string];

/** What is called what, one beneath the other. */
export const fields = (page: Page, rows: readonly Row[]): string => columns(page, [NAME_WIDTH], rows, { indent: 2 });

/** With a blank line between those that are not empty. */
export const blocks = (...texts: readonly string[]): string => texts.filter((text) => text !== '').join('\n\n');

/** Without one. */
export const lines = (...texts: readonly string[]): string => texts.filter((text) => text !== '').join('\n');

/** Of an age. What is ahead of the database's clock by less than a rounding is now. */
export const isAhead = (seconds: number): boolean => seconds < -0.05;

/** Of an age. */
export function ago(seconds: number | null): string {
  if (seconds === null) return 'never';
  return isAhead(seconds) ? `${secondsText(-seconds)} ahead of the clock` : `${secondsText(seconds)} ago`;
}
/** Of a moment that is ahead or past. */
export const dueText = (secondsLeft: number): string =>
  secondsLeft > 0 ? `in ${secondsText(secondsLeft)}` : `${secondsText(-secondsLeft)} ago`;
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** Stands for a value that is stored and could not be read. */
export const UNREADABLE = 'unreadable';
/** Who takes the slots of a pool. */
const POOLS: Readonly<Record<string, string>> = {
  ROOT: 'chats without a parent',
  SUBAGENT: 'chats that another chat started',
};
export const slotsText = ({ kind, used, capacity }: { kind: string; used: number; capacity: number }): string =>
  `${used} of ${counted(capacity, 'slot')} taken by ${POOLS[kind] ?? kind}`;

/** Says what a verdict goes by where no replica is asked. */
export const BY_ROWS_ALONE =
  'No replica is asked here for what it holds in memory: the verdict goes by the rows alone.';

/** The first of them, and one for how many more there are. */
export const atMost = (most: number, rows: readonly Row[]): readonly Row[] =>
  rows.length > most ? [...rows.slice(0, most), ['', `… and ${rows.length - most} more`]] : rows;

/** A verdict in its colour. */
export function verdictText({ paint }: Page, verdict: Verdict): string {
  switch (verdict) {
    case 'STUCK':
    case 'FAILED':
      return paint.bold.red(verdict);
    case 'UNKNOWN':
      return paint.bold.magenta(verdict);
    case 'IDLE':
    case 'WORKING':
    case 'WAITING':
      return paint.bold.green(verdict);
    default:
      return verdict satisfies never;
  }
}
