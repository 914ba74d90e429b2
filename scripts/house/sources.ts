/** The sources of a checkout, each with its comments apart from its code. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface Source {
  /** Path from the checkout's folder. */
  readonly path: string;
  readonly lines: number;
  readonly blankLines: number;
  readonly commentLines: number;
  /** Text of each comment without its marks; neighbouring `//` lines are one. */
  readonly comments: readonly string[];
  /** The text with every comment left out. */
  readonly code: string;
}

const ROOMS = ['gateway', 'routing', 'server', 'domain', 'common', 'subgraphs', 'cli', 'local', 'prisma', 'scripts'];
/** Generated files, and the counting script itself. */
const LEFT_OUT = /^prisma\/generated\/|^scripts\/house/;

/** Comment, or a literal whose content may look like one. */
const COMMENT_OR_LITERAL = new RegExp(
  [
    String.raw`(?<comment>/\*[\s\S]*?\*/|//[^\n]*(?:\n\s*//[^\n]*)*)`,
    String.raw`'(?:\\.|[^'\\\n])*'`,
    String.raw`"(?:\\.|[^"\\\n])*"`,
    '`(?:\\\\.|[^`\\\\])*`',
    String.raw`(?<=[(,=:[!&|?{};>]\s*|return )/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+/`,
  ].join('|'),
  'g',
);

/** @param folder a checkout of this project, of any age */
export function readSources(folder: string): Source[] {
  const paths = ROOMS.filter((room) => existsSync(join(folder, room))).flatMap((room) =>
    readdirSync(join(folder, room), { recursive: true, encoding: 'utf8' }).map((path) => `${room}/${path}`),
  );
  const sources = paths.filter((path) => path.endsWith('.ts') && !LEFT_OUT.test(path));
  return sources
    .filter((path) => statSync(join(folder, path)).isFile())
    .sort()
    .map((path) => takeApart(path, readFileSync(join(folder, path), 'utf8')));
}

function takeApart(path: string, text: string): Source {
  const comments: string[] = [];
  const code = text.replace(COMMENT_OR_LITERAL, (match: string, comment: string | undefined) => {
    if (comment === undefined) return match;
    comments.push(withoutMarks(comment));
    return '';
  });
  const lines = text.trimEnd().split('\n');
  const blankLines = lines.filter((line) => line.trim() === '').length;
  const codeLines = code.split('\n').filter((line) => line.trim() !== '').length;
  return { path, lines: lines.length, blankLines, commentLines: lines.length - blankLines - codeLines, comments, code };
}

const withoutMarks = (comment: string) =>
  comment
    .replace(/^\/\*+|\s*\*+\/$|^\s*\/\/|^\s*\*/gm, '')
    .replace(/\s+/g, ' ')
    .trim();
