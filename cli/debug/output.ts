/** The output for an answer. */
import { Chalk } from 'chalk';
import { printableJson } from '../printable.ts';
import { lines, type Page, paragraph } from './layout.ts';
import { problemLines, type Shown } from './shown.ts';

const STANDARD_WIDTH = 80;
const NARROWEST = 60;
/** Problems that are shown. The first few tell enough of a hundred chats of one missing replica. */
const MOST_PROBLEMS = 10;

export interface Output {
  readonly stream: NodeJS.WriteStream;
  readonly json: boolean;
  /** True for JSON on one line, because more follows. */
  readonly compact: boolean;
}

/** Page as wide as the terminal, in its own sixteen colours. NO_COLOR or a pipe turns colours off. */
const pageOf = (stream: NodeJS.WriteStream): Page => ({
  width: Math.max(NARROWEST, stream.isTTY ? stream.columns : STANDARD_WIDTH),
  paint: new Chalk({ level: stream.isTTY && stream.hasColors() ? 1 : 0 }),
});

/** Renders an answer with its problems below; with `--json` those are left to `problemsOf`. */
export function render(shown: Shown, { stream, json, compact }: Output): string {
  if (json) return printableJson(JSON.stringify(shown.json, undefined, compact ? 0 : 2));
  const page = pageOf(stream);
  const problems = problemsOf(shown).map((line) => paragraph(page, line));
  return lines(shown.text(page), problems.length > 0 ? `\n${problems.join('\n')}` : '');
}

/** Lines for at most ten problems, and one for the number of the others. */
export function problemsOf({ problems }: Shown): string[] {
  const all = problemLines(problems);
  const more = all.length - MOST_PROBLEMS;
  return more > 0 ? [...all.slice(0, MOST_PROBLEMS), `… and ${more} more.`] : all;
}
