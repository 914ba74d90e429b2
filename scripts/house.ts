/**
 * `node --import tsx scripts/house.ts [folder]`: figures on the sources of a checkout, of this one if none is named.
 * With `--no-request` it starts no process, and leaves out the files that one request passes through.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { againstTheFlow, circlesOf, type Import, importsOf } from './house/imports.ts';
import { filesOfOneRequest } from './house/request.ts';
import { readSources, type Source } from './house/sources.ts';

const LONG_FILE = 200;
const LONG_SENTENCE = 25;
const PREPOSITION =
  /^(about|above|after|against|among|as|at|before|behind|below|beside|besides|between|beyond|by|down|during|for|from|in|inside|into|like|of|off|on|onto|out|outside|over|per|since|than|through|to|under|until|unlike|up|upon|with|within|without)\b/i;

const { values, positionals } = parseArgs({ allowPositionals: true, options: { 'no-request': { type: 'boolean' } } });
const folder = positionals[0] ?? fileURLToPath(new URL('..', import.meta.url));
const sources = readSources(folder);
const imports = importsOf(sources);

print('sources, in lines', [
  ...[...new Set(sources.map(({ path }) => roomOf(path)))].map(
    (room) => `${room}: ${sizeOf(sources.filter(({ path }) => roomOf(path) === room))}`,
  ),
  `all: ${sizeOf(sources)}`,
]);
const types = declared(/^export (?:declare )?(?:abstract )?(?:interface|type|class|enum) (\w+)/gm);
print(`exported type names: ${types.size}`);
const names = declared(
  /^export (?:declare )?(?:default )?(?:async )?(?:abstract )?(?:interface|type|class|enum|const|let|function\*?) (\w+)/gm,
);
const repeated = [...names].filter(([, files]) => files.size > 1);
print(
  `names exported by several files: ${repeated.length}`,
  repeated.map(([name, files]) => `${name}: ${[...files].join(', ')}`),
);
const weakMaps = sources.filter(({ code }) => /\bnew WeakMap\b/.test(code));
print(
  `files with a WeakMap: ${weakMaps.length}`,
  weakMaps.map(({ path }) => path),
);
const circles = circlesOf(imports);
print(
  `circles of imports: ${circles.length}`,
  circles.map((circle) => circle.join(', ')),
);
printArrows('imports against the flow of the rooms', againstTheFlow(imports, partOfTree));
printArrows('imports against the flow inside gateway/', againstTheFlow(imports, partOfGateway));
const comments = sources.flatMap((source) => source.comments);
const prepositions = comments.filter((comment) => PREPOSITION.test(comment));
const long = comments.filter((comment) =>
  sentencesOf(comment).some((sentence) => sentence.split(' ').length > LONG_SENTENCE),
);
print(`comments: ${comments.length}`, [
  `that begin with a preposition: ${shareOf(prepositions.length)}, with "Of": ${prepositions.filter((c) => /^of\b/i.test(c)).length}`,
  `with a sentence of over ${LONG_SENTENCE} words: ${shareOf(long.length)}`,
]);
const longFiles = sources.filter(({ lines }) => lines > LONG_FILE);
print(
  `files of over ${LONG_FILE} lines: ${longFiles.length}`,
  longFiles.map(({ path, lines }) => `${path}: ${lines}`),
);
if (!values['no-request']) {
  const passed = await filesOfOneRequest(folder);
  const rooms = [...new Set(passed.map(roomOf))].map(
    (room) => `${room} ${passed.filter((p) => roomOf(p) === room).length}`,
  );
  print(`files that one request passes through: ${passed.length} (${rooms.join(', ')})`, passed);
}

function print(title: string, lines: readonly string[] = []): void {
  console.log([title, ...lines.map((line) => `  ${line}`)].join('\n'));
}

function printArrows(title: string, arrows: readonly Import[]): void {
  print(
    `${title}: ${arrows.length}`,
    arrows.map(({ from, to }) => `${from} → ${to}`),
  );
}

function sizeOf(files: readonly Source[]): string {
  const sum = (of: (file: Source) => number) => files.reduce((total, file) => total + of(file), 0);
  const [all, blank, comment] = [sum((f) => f.lines), sum((f) => f.blankLines), sum((f) => f.commentLines)];
  return `${all - blank - comment} of code, ${comment} of comments, ${blank} blank, ${all} in ${files.length} files`;
}

/** Names with the files that declare them. @param pattern its first group is the name */
function declared(pattern: RegExp): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const { path, code } of sources) {
    for (const [, name = ''] of code.matchAll(pattern)) found.set(name, (found.get(name) ?? new Set()).add(path));
  }
  return found;
}

/** The folder below the root. */
function roomOf(path: string): string {
  return path.split('/')[0] ?? '';
}

/** The folder below the root; below subgraphs/, each subgraph, and each file that is none's. */
function partOfTree(path: string): string {
  const [room = '', part = ''] = path.split('/');
  return room === 'subgraphs' ? `${room}/${part}` : room;
}

/** The folder below gateway/; a file that stands there by itself is a part of its own. */
function partOfGateway(path: string): string | undefined {
  const [room, part] = path.split('/');
  return room === 'gateway' ? part : undefined;
}

/** Sentences, and the items of lists and tags, which stand on lines of their own. */
function sentencesOf(comment: string): string[] {
  return comment.split(/(?<=[.:;!?])\s+(?=[A-Z`@])|\s+(?=- |@\w)/);
}

function shareOf(count: number): string {
  return `${count} (${((100 * count) / comments.length).toFixed(1)} %)`;
}
