/** Text for a terminal of some width. Long words are cut with …, and lines do not end in spaces. */
import type { ChalkInstance } from 'chalk';
import Table from 'cli-table3';
import type { Verdict } from '../../domain/diagnosis/diagnosis.ts';
import { counted, secondsText } from '../../domain/diagnosis/wording.ts';

export interface Page {
  /** Width in columns. */
  readonly width: number;
  /** Colours that can be read on black and on white: no yellow, no gray, no dim. */
  readonly paint: ChalkInstance;
}

const GAP = 2;
const NAME_WIDTH = 12;
const NO_BORDERS = Object.fromEntries(
  ['top', 'bottom', 'mid', 'left', 'right'].flatMap((line) =>
    [line, `${line}-mid`, `${line}-left`, `${line}-right`].map((name) => [name, '']),
  ),
);

/** Layout of columns. */
interface Setting {
  /** Indent from the left, in columns. */
  readonly indent?: number;
}

/**
 * Sets rows in columns.
 * @param widths of all columns but the last, which takes the rest
 */
export function columns(
  { width }: Page,
  widths: readonly number[],
  rows: readonly (readonly string[])[],
  { indent = 0 }: Setting = {},
): string {
  if (rows.length === 0) return '';
  const taken = widths.reduce((sum, one) => sum + one + GAP, indent);
  const last = Math.max(1, width - taken);
  const table = new Table({
    chars: { ...NO_BORDERS, middle: ' '.repeat(GAP) },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    colWidths: [...widths, last],
    wordWrap: true,
  });
  table.push(...rows.map((row) => [...row.slice(0, -1), breakable(row.at(-1) ?? '', last)]));
  return table
    .toString()
    .replace(HALF_OF_A_PAIR, '') // T half of a letter that was cut
    .split('\n')
    .map((line) => `${' '.repeat(indent)}${line}`.trimEnd())
    .join('\n');
}

const HALF_OF_A_PAIR = /\p{Cs}/gu;
const BEYOND_LATIN = /[\u0250-\u1fff\u2070-\u{10ffff}]/u;

/** Makes text breakable that has no space between words. Each letter of such scripts may take two columns. */
function breakable(text: string, width: number): string {
  const most = Math.max(1, Math.floor(width / 2));
  return text.replace(/\S+/gu, (word) => {
    if (!BEYOND_LATIN.test(word)) return word;
    return (word.match(new RegExp(`.{1,${most}}`, 'gu')) ?? []).join(' ');
  });
}

/** Text wrapped between words. */
export const paragraph = (page: Page, text: string, indent = 0): string => columns(page, [], [[text]], { indent });

/** Name and text. */
export type Row = readonly [string, string];

/** Names with their texts, one below the other. */
export const fields = (page: Page, rows: readonly Row[]): string => columns(page, [NAME_WIDTH], rows, { indent: 2 });

/** Joins the texts that are not empty, with a blank line between them. */
export const blocks = (...texts: readonly string[]): string => texts.filter((text) => text !== '').join('\n\n');

/** Joins the texts that are not empty, one below the other. */
export const lines = (...texts: readonly string[]): string => texts.filter((text) => text !== '').join('\n');

/** True for the age of a moment in the future. Less than a rounding counts as now. */
export const isAhead = (seconds: number): boolean => seconds < -0.05;

/** Age in words. */
export function ago(seconds: number | null): string {
  if (seconds === null) return 'never';
  return isAhead(seconds) ? `${secondsText(-seconds)} ahead of the clock` : `${secondsText(seconds)} ago`;
}
/** Words for a moment that lies ahead or has passed. */
export const dueText = (secondsLeft: number): string =>
  secondsLeft > 0 ? `in ${secondsText(secondsLeft)}` : `${secondsText(-secondsLeft)} ago`;

/** Word for a stored value that could not be read. */
export const UNREADABLE = 'unreadable';
/** Word for a value that nobody tells. */
export const UNKNOWN = 'not known';
/** Chats that take the slots of a pool. */
const POOLS: Readonly<Record<string, string>> = {
  ROOT: 'chats without a parent',
  SUBAGENT: 'chats that another chat started',
};
export const slotsText = ({ kind, used, capacity }: { kind: string; used: number; capacity: number }): string =>
  `${used} of ${counted(capacity, 'slot')} taken by ${POOLS[kind] ?? kind}`;

/** Note on what a verdict rests on where no replica is asked. */
export const BY_ROWS_ALONE =
  'No replica is asked here for what it holds in memory: the verdict goes by the rows alone.';

/** First rows, and one row for the number of the others. */
export const atMost = (most: number, rows: readonly Row[]): readonly Row[] =>
  rows.length > most ? [...rows.slice(0, most), ['', `… and ${rows.length - most} more`]] : rows;

/** Verdict in its colour. */
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
