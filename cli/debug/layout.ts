/** Text for a terminal of some width. Long words are cut with …; lines do not end in spaces. */
import type { ChalkInstance } from 'chalk';
import Table from 'cli-table3';
import type { Verdict } from '../../subgraphs/diagnosis/diagnosis.ts';
import { secondsText } from '../../subgraphs/diagnosis/wording.ts';

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
  const table = new Table({
    chars: { ...NO_BORDERS, middle: ' '.repeat(GAP) },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    colWidths: [...widths, Math.max(1, width - taken)],
    wordWrap,
  });
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split('\n')
    .map((line) => `${' '.repeat(indent)}${line}`.trimEnd())
    .join('\n');
}

/** Text, wrapped between words. */
export const paragraph = (page: Page, text: string, indent = 0): string => columns(page, [], [[text]], { indent });

/** One line, cut with … where it is too long. */
export const cutLine = (page: Page, text: string): string => columns(page, [], [[text]], { wordWrap: false });

/** What is called what, one beneath the other. */
export const fields = (page: Page, rows: readonly (readonly [string, string])[]): string =>
  columns(page, [NAME_WIDTH], rows, { indent: 2 });

/** With a blank line between those that are not empty. */
export const blocks = (...texts: readonly string[]): string => texts.filter((text) => text !== '').join('\n\n');

/** Without one. */
export const lines = (...texts: readonly string[]): string => texts.filter((text) => text !== '').join('\n');

export const ago = (seconds: number | null): string => (seconds === null ? 'never' : `${secondsText(seconds)} ago`);
/** Of a moment that is ahead or past. */
export const dueText = (secondsLeft: number): string =>
  secondsLeft > 0 ? `in ${secondsText(secondsLeft)}` : `${secondsText(-secondsLeft)} ago`;
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

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
