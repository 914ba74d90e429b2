/** The diagnosis of every combination of state, owner, reachability, lease and runners, as a page of documentation. */

import { writeFile } from 'node:fs/promises';
import type { Diagnosis } from '../domain/diagnosis/diagnosis.ts';
import { CIRCUMSTANCES } from './circumstances.ts';
import {
  circumstanceOf,
  circumstanceSnapshot,
  combinations,
  diagnosisOf,
  LEASES,
  REACHABILITY,
  RUNNERS,
} from './combinations.ts';

const target = new URL('../docs/diagnosis-matrix.md', import.meta.url);

const outcome = ({ verdict, findings }: Diagnosis) =>
  `${verdict} | ${findings.map(({ code, severity }) => (severity === 'CRITICAL' ? `**${code}**` : `${code} (${severity})`)).join(', ')}`;

interface Row {
  readonly cells: readonly string[];
  readonly outcome: string;
}

/** Joins rows that differ in one column alone and have the same outcome. */
function merged(rows: readonly Row[], column: number): Row[] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = JSON.stringify([row.cells.filter((_, i) => i !== column), row.outcome]);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()].map((group) => ({
    cells: (group[0]?.cells ?? []).map((cell, i) =>
      i === column ? [...new Set(group.map(({ cells }) => cells[i]))].join(', ') : cell,
    ),
    outcome: group[0]?.outcome ?? '',
  }));
}

/** The whole page, in Markdown; `npm run docs` writes it to docs/diagnosis-matrix.md. */
export function diagnosisMatrixPage(): string {
  const rows = combinations().map((combination): Row => {
    const { state, owner, lease, runners } = combination;
    return { cells: [state, owner, lease, runners], outcome: outcome(diagnosisOf(combination)) };
  });
  const short = [3, 2, 1, 0].reduce(merged, rows);
  return [
    '# What the diagnosis says',
    '',
    '`npm run docs` makes this page from the rules in `domain/diagnosis/`.',
    '',
    '## Every combination',
    '',
    'Nothing else is wrong with the chat: it changed a minute ago, its runner has its version, and the runner got on a second',
    'ago. The columns:',
    '',
    '| column | meaning |',
    '| --- | --- |',
    '| state | the [state](state-machine.md) of the chat |',
    '| asking the owner | what came of asking its owner; – without an owner |',
    '| lease | the lease of the runner that the row names |',
    '| runners | runners that the owner holds: `one` is the row’s, `other` is another, `several` is both |',
    '| verdict, findings | what the diagnosis says; a CRITICAL finding is bold: there is at most one, the root cause |',
    '',
    '| state | asking the owner | lease | runners | verdict | findings |',
    '| --- | --- | --- | --- | --- | --- |',
    ...short.map(({ cells, outcome: what }) => `| ${cells.map(shown).join(' | ')} | ${what} |`),
    '',
    '## One thing changed',
    '',
    'This table starts from the same chat, with a fresh lease and the row’s runner. One thing differs in each row. The column',
    '*owner* is what came of asking the owner, and – without one. Views are those of [your own platform](adopting.md).',
    '',
    '| what | state | owner | verdict | findings |',
    '| --- | --- | --- | --- | --- |',
    ...CIRCUMSTANCES.map(
      (one) =>
        `| ${one.what} | ${one.state} | ${circumstanceSnapshot(one).runtime?.reachability?.status ?? '–'} | ${outcome(circumstanceOf(one))} |`,
    ),
    '',
  ].join('\n');
}

/** Replaces a cell that lists all values of its column by one word. */
function shown(cell: string): string {
  const all = [LEASES.join(', '), RUNNERS.join(', '), REACHABILITY.join(', ')];
  return all.includes(cell) ? 'any' : cell === 'unowned' ? '–' : cell;
}

if (process.argv[1] === new URL(import.meta.url).pathname) await writeFile(target, diagnosisMatrixPage());
