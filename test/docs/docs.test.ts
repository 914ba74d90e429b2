import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { diagnosisMatrixPage } from '../../scripts/diagnosisMatrix.ts';
import { settingsTable } from '../../scripts/settingsTable.ts';
import { stateMachinePage } from '../../scripts/stateDiagram.ts';

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

describe('the documentation', () => {
  test('the page of the state machine is what the table makes (npm run docs)', () => {
    expect(read('docs/state-machine.md')).toBe(stateMachinePage());
  });

  test('the page of the diagnosis is what its rules make (npm run docs)', () => {
    expect(read('docs/diagnosis-matrix.md')).toBe(diagnosisMatrixPage());
  });

  test('the README lists every setting as it is', () => {
    expect(read('README.md')).toContain(settingsTable());
  });

  test('every command that the README names exists', () => {
    const commands = [...read('README.md').matchAll(/npm run ([a-z:-]+)/g)].map(([, name]) => name);
    expect(commands.length).toBeGreaterThan(5);
    expect(commands.filter((name) => !scripts[name ?? ''])).toEqual([]);
  });
});
