import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { ApolloServerErrorCode } from '@apollo/server/errors';
import { describe, expect, test } from '@jest/globals';
import { LIMITS } from '../../gateway/queries/documentLimits.ts';
import { diagnosisMatrixPage } from '../../scripts/diagnosisMatrix.ts';
import { settingsTable } from '../../scripts/settingsTable.ts';
import { stateMachinePage } from '../../scripts/stateDiagram.ts';
import { ERROR_CODES, isMasked } from '../../server/graphql/errors.ts';

const root = new URL('../../', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, root), 'utf8');
/** Codes of a subgraph alone: the gateway looks ids up in its list by itself, and says FORBIDDEN. */
const NOT_OF_THE_GATEWAY = [ApolloServerErrorCode.PERSISTED_QUERY_NOT_FOUND];
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

/** Every page of the documentation, by its path. */
const PAGES = ['README.md', ...['docs', 'bench', 'deploy'].flatMap(pagesBelow)];

function pagesBelow(folder: string): string[] {
  const files = readdirSync(new URL(`${folder}/`, root), { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.md') && !file.includes('node_modules'))
    .map((file) => `${folder}/${file}`);
}

describe('the documentation', () => {
  test('the page of the state machine is what the table makes (npm run docs)', () => {
    expect(read('docs/state-machine.md')).toBe(stateMachinePage());
  });

  test('the page of the diagnosis is what its rules make (npm run docs)', () => {
    expect(read('docs/diagnosis-matrix.md')).toBe(diagnosisMatrixPage());
  });

  test('the page of settings lists every setting as it is (npm run docs)', () => {
    expect(read('docs/settings.md')).toContain(settingsTable());
  });

  test('the page of queries lists every error code that clients see, and no others', () => {
    const section = /^## Error codes\n[\s\S]*?(?=^##|$(?![\s\S]))/m.exec(read('docs/queries.md'))?.[0] ?? '';
    const rows = [...section.matchAll(/^\| `([A-Z_]+)` \| ([^|]+) \|/gm)];
    const statuses = rows.flatMap(([, code, http = '']) => http.split(', ').map((status) => `${code} ${status}`));
    expect(statuses).toEqual([...new Set(statuses)]); // a code may have a row for each status
    const listed = new Set(rows.map(([, code = '']) => code));
    const ofGraphql = Object.values(ApolloServerErrorCode).filter(
      (code) => !isMasked(code) && !NOT_OF_THE_GATEWAY.includes(code),
    );
    expect([...listed].sort()).toEqual([...new Set<string>([...ERROR_CODES, ...ofGraphql])].sort());
  });

  test('the page of queries lists every limit of a document, as it is', () => {
    const section = /^## Limits\n[\s\S]*?(?=^### Cost)/m.exec(read('docs/queries.md'))?.[0] ?? '';
    const listed = [...section.matchAll(/^\| ([a-z ]+) \| ([\d,]+) \|$/gm)].map(([, what, most = '']) => [
      what,
      Number(most.replace(',', '')),
    ]);
    expect(Object.fromEntries(listed)).toEqual(LIMITS);
  });

  test('the README is short', () => {
    expect(read('README.md').split('\n').length).toBeLessThanOrEqual(151);
  });
});

const commandsOf = (page: string): string[] =>
  [...read(page).matchAll(/npm run (?:--silent )?([a-z][a-z:-]*[a-z])/g)].map(([, name = '']) => name);

test('commands are found on the pages', () => {
  expect(new Set(PAGES.flatMap(commandsOf)).size).toBeGreaterThan(20);
});

describe.each(PAGES)('%s', (page) => {
  test('names commands that exist', () => {
    expect(commandsOf(page).filter((name) => !scripts[name])).toEqual([]);
  });

  test('names files and folders that exist', () => {
    expect(pathsOf(page).filter((path) => !existsSync(new URL(path, root)))).toEqual([]);
  });

  test('has links that lead to something', () => {
    expect(linksOf(page).filter((link) => !leads(page, link))).toEqual([]);
  });
});

test('every page can be reached from the README', () => {
  const reached = new Set(['README.md']);
  for (const page of reached) {
    for (const link of linksOf(page)) {
      const [path = ''] = link.split('#');
      if (path.endsWith('.md')) reached.add(normalize(join(dirname(page), path)));
    }
  }
  expect(PAGES.filter((page) => !reached.has(page))).toEqual([]);
});

/** Code of a page that is a path from the root of this project: it begins with a folder, and has a slash. */
const pathsOf = (page: string): string[] =>
  [...read(page).matchAll(/`([a-z]+)(\/[\w./-]*)`/g)].flatMap(([, folder = '', rest = '']) =>
    ROOMS.includes(folder) ? [`${folder}${rest}`] : [],
  );
const ROOMS = readdirSync(root, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));

/** Links of a page to files of this project. */
function linksOf(page: string): string[] {
  const prose = read(page).replace(/^ *```[\s\S]*?^ *```$/gm, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link).filter((link) => !/^https?:/.test(link));
}

function leads(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const file = path === '' ? page : normalize(join(dirname(page), path));
  if (!existsSync(new URL(file, root))) return false;
  return anchor === undefined || anchorsOf(file).includes(anchor);
}

/** Anchors that GitHub gives the headings of a page. */
const anchorsOf = (file: string): string[] =>
  [...read(file).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
