/** The report for people, in lines of at most 80 columns. Pure. */
import type { ChosenRelease } from '../../domain/coderRelease.ts';
import type { Capacity } from '../../subgraphs/database/platform.ts';
import { printableLine } from '../printable.ts';
import type { ColumnReport, Report, TableReport } from './report.ts';

const WIDTH = 80;
const LONGEST_WORD = 200;

const STATES: Readonly<Record<ColumnReport['state'], string>> = {
  ...{ THERE: 'there', MISSING: 'missing', NO_RIGHT: 'no right', TYPE: 'other type' },
};
const ANSWERS: Readonly<Record<Report['answers'], string>> = {
  ALL: 'Everything can be answered.',
  IN_PART: 'It can be used. Not everything is answered.',
  NOT_AT_ALL: 'It cannot be used: this service would not be ready on it.',
};
const RELEASE_FROM: Readonly<Record<ChosenRelease['from'], string>> = {
  SETTING: 'as CODER_RELEASE says',
  REPLICAS: 'the oldest that a live replica runs',
  NEWEST: 'taken for the newest, since no live replica names one',
};
const PLATFORMS: Readonly<Record<NonNullable<Report['platform']>, string>> = {
  own: 'tables of this project (own)',
  coder: 'a Coder deployment (coder)',
  views: 'views over tables of another platform (views)',
};

export function linesOf(report: Report): string[] {
  return [
    ...fact('answers', ANSWERS[report.answers]),
    ...fact('platform', report.platform === null ? 'not known: there is no table `chats`' : PLATFORMS[report.platform]),
    ...fact('database', `${report.database}, as ${report.role}; search_path ${report.searchPath.join(', ')}`),
    ...fact('server', `Postgres ${report.serverVersion}`),
    ...(isThere(report) ? detailsOf(report) : correctionsOf(report)),
  ];
}

/** True if there is a table of chats. Without it nothing is worth saying of the others. */
const isThere = ({ tables }: Report): boolean => tables.some(({ name, kind }) => CHATS.includes(name) && kind !== null);
const CHATS: readonly string[] = ['chats', 'chats_expanded'];

const correctionsOf = ({ toCorrect }: Report): string[] => section('To correct', toCorrect.flatMap(itemLines));

const itemLines = (sentence: string): string[] => wrapped(sentence, '  - ', '    ');

function detailsOf(report: Report): string[] {
  const { thresholds: t, capacity, slotsTaken } = report;
  return [
    ...(report.platform === 'views' ? [] : fact('release', releaseText(report))),
    ...fact(
      'thresholds',
      `lease stale after ${t.staleAfterSeconds} s, renewed every ${t.heartbeatIntervalSeconds} s; workers look every ` +
        `${t.acquisitionIntervalSeconds} s; quiet from ${t.noProgressSeconds} s`,
    ),
    ...(capacity ? fact('slots', slotsText(capacity, slotsTaken)) : []),
    ...correctionsOf(report),
    ...report.tables.flatMap(tableLines),
    ...section('Indexes that lists want', report.indexes.flatMap(indexLines)),
    ...section('Not known', report.unknown.flatMap(itemLines)),
  ];
}

function releaseText({ release, thresholdsOf }: Report): string {
  const migration = release === null ? 'migration not known' : `migration ${release}`;
  if (thresholdsOf === null) return migration;
  const { name, from } = thresholdsOf;
  return `${name === undefined ? '' : `${name}, `}${RELEASE_FROM[from]}; ${migration}`;
}

const slotsText = (capacity: Capacity, taken: Capacity | null): string =>
  `${capacity.root} for chats without a parent (CAPACITY_ROOT), ${capacity.subagents} for subagents ` +
  `(CAPACITY_SUBAGENTS); taken: ${taken ? `${taken.root} and ${taken.subagents}` : 'not known'}`;

const fact = (name: string, value: string): string[] => wrapped(value, name.padEnd(12), ' '.repeat(12));

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ['', title, ...lines];

function tableLines({ name, schema, kind, estimatedRows, hidesRows, notAnswered, columns }: TableReport): string[] {
  const rows = estimatedRows === null ? '' : `, about ${estimatedRows.toLocaleString('en-US')} rows`;
  const costs = `policies hide rows; not answered: ${notAnswered.join(', ')}`;
  const hidden = hidesRows ? wrapped(costs, '  ', ' '.repeat(14)) : [];
  return [
    '',
    `${name}: ${kind === null ? 'missing' : `${kind} in ${schema}${rows}`}`,
    ...hidden,
    ...columnsLines(columns),
  ];
}

/** Lines on columns. Existing ones share a line, and so do missing ones with the same reason and cost. */
function columnsLines(columns: readonly ColumnReport[]): string[] {
  const there = columns.filter(({ state }) => state === 'THERE').map(({ name }) => name);
  return [
    ...(there.length > 0 ? wrapped(there.join(', '), '  there       ', ' '.repeat(14)) : []),
    ...alike(columns.filter(({ state }) => state !== 'THERE')).flatMap(lackLines),
  ];
}

function alike(columns: readonly ColumnReport[]): ColumnReport[][] {
  const groups = new Map<string, ColumnReport[]>();
  for (const column of columns) {
    const key = `${column.state} ${column.notAnswered.join()}`;
    groups.set(key, [...(groups.get(key) ?? []), column]);
  }
  return [...groups.values()];
}

function lackLines(columns: readonly ColumnReport[]): string[] {
  const [{ state, notAnswered } = { state: 'THERE' as const, notAnswered: [] }] = columns;
  const names = columns.map(({ name, type, read }) =>
    state === 'TYPE' && read ? `${name} (is ${type}, ${read.join(' or ')} is read)` : name,
  );
  return [
    ...wrapped(names.join(', '), `  ${STATES[state].padEnd(12)}`, ' '.repeat(14)),
    ...wrapped(`not answered: ${notAnswered.join(', ')}`, ' '.repeat(16), ' '.repeat(16)),
  ];
}

const indexLines = ({ table, speeds, statement }: Report['indexes'][number]): string[] => [
  ...wrapped(`${table}: ${speeds}`, '  - ', '    '),
  ...wrapped(statement, '      ', '        '),
];

/** Message broken into lines that fit. Indented lines keep their indent. */
export const fitted = (message: string): string =>
  message
    .split('\n')
    .flatMap((line) => {
      const indent = /^ */.exec(line)?.[0] ?? '';
      return wrapped(line.slice(indent.length), indent, indent === '' ? '' : `${indent}  `);
    })
    .join('\n');

/** Breaks at blanks, and cuts a word that is longer than a line. */
function wrapped(text: string, first: string, next: string): string[] {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of words(text, WIDTH - Math.max(first.length, next.length))) {
    if (!isEmpty && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      [line, isEmpty] = [next, true];
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}

const words = (text: string, room: number): string[] =>
  printableLine(text, LONGEST_WORD * 10)
    .split(' ')
    .flatMap((word) => word.match(new RegExp(`.{1,${room}}`, 'gsu')) ?? []);
