/** From an answer to what is written. */
import { Chalk } from 'chalk';
import { printableJson } from '../printable.ts';
import { cutLine, lines, type Page } from './layout.ts';
import { problemLines, type Shown } from './shown.ts';

const STANDARD_WIDTH = 80;
const NARROWEST = 60;
/** Of a hundred chats of one replica that is away, the first few say it all. */
const MOST_PROBLEMS = 10;

export interface Output {
  readonly stream: NodeJS.WriteStream;
  readonly json: boolean;
  /** JSON on one line, because more follows. */
  readonly compact: boolean;
}

/** As wide as the terminal; sixteen colours of its own choice, and none where NO_COLOR or a pipe says so. */
const pageOf = (stream: NodeJS.WriteStream): Page => ({
  width: Math.max(NARROWEST, stream.isTTY ? stream.columns : STANDARD_WIDTH),
  paint: new Chalk({ level: stream.isTTY && stream.hasColors() ? 1 : 0 }),
});

/** What was not answered stands below; with `--json` it is left to `problemsOf`. */
export function render(shown: Shown, { stream, json, compact }: Output): string {
  if (json) return printableJson(JSON.stringify(shown.json, undefined, compact ? 0 : 2));
  const page = pageOf(stream);
  const problems = problemsOf(shown).map((line) => cutLine(page, line));
  return lines(shown.text(page), problems.length > 0 ? `\n${problems.join('\n')}` : '');
}

/** A line each, of at most ten, and one for how many more there are. */
export function problemsOf({ problems }: Shown): string[] {
  const all = problemLines(problems);
  const more = all.length - MOST_PROBLEMS;
  return more > 0 ? [...all.slice(0, MOST_PROBLEMS), `… and ${more} more.`] : all;
}
