import { readFileSync } from 'node:fs';
import { ApolloServerErrorCode } from '@apollo/server/errors';
import { describe, expect, test } from '@jest/globals';
import { diagnosisMatrixPage } from '../../scripts/diagnosisMatrix.ts';
import { settingsTable } from '../../scripts/settingsTable.ts';
import { stateMachinePage } from '../../scripts/stateDiagram.ts';
import { ERROR_CODES, isMasked } from '../../server/graphql/errors.ts';

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
/** Code of a subgraph alone: the gateway looks ids up in its own list, and says FORBIDDEN. */
const NOT_OF_THE_GATEWAY = [ApolloServerErrorCode.PERSISTED_QUERY_NOT_FOUND];
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

  test('the README lists every error code that clients see, and no others', () => {
    const section = /^### Error codes\n[\s\S]*?(?=^##)/m.exec(read('README.md'))?.[0] ?? '';
    const listed = [...section.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code);
    const ofGraphql = Object.values(ApolloServerErrorCode).filter(
      (code) => !isMasked(code) && !NOT_OF_THE_GATEWAY.includes(code),
    );
    expect(listed.sort()).toEqual([...new Set<string>([...ERROR_CODES, ...ofGraphql])].sort());
  });

  test('every command that the README names exists', () => {
    const commands = [...read('README.md').matchAll(/npm run ([a-z:-]+)/g)].map(([, name]) => name);
    expect(commands.length).toBeGreaterThan(5);
    expect(commands.filter((name) => !scripts[name ?? ''])).toEqual([]);
  });
});
