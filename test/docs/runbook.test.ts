/** The runbook: a section for every finding, valid queries, existing commands, and examples that were seen. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { Kind, type OperationDefinitionNode, parse, type SelectionNode, validate } from 'graphql';
import { diagnose } from '../../domain/diagnosis/diagnose.ts';
import { RULES } from '../../domain/diagnosis/rules.ts';
import { MATRIX_SETTINGS } from '../../scripts/combinations.ts';
import { OTHER_PLATFORMS, placeOf, platformMeans, withPlatformMeans } from '../../scripts/platformMeans.ts';
import { withExamples } from '../../scripts/runbook.ts';
import { anySnapshot } from '../subgraphs/diagnosis/arbitrarySnapshots.ts';
import { healthySnapshot } from '../subgraphs/diagnosis/healthySnapshots.ts';
import { clientSchema } from '../support/clientSchema.ts';
import { runScript } from '../support/command.ts';

jest.setTimeout(120_000);

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
const page = read('docs/runbook.md');
const CODES = RULES.map(({ code }) => code);
const ID = '00000000-0000-4000-8000-000000000000';

/** Sections by the anchor that GitHub gives the heading. */
const sections = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((section) => [(/^.*/.exec(section)?.[0] ?? '').toLowerCase().replaceAll(' ', '-'), section]),
);
const sectionOf = (code: string) => sections.get(code.toLowerCase().replaceAll('_', '-')) ?? '';
const queryOf = (code: string) => /^```graphql\n([\s\S]*?)^```/m.exec(sectionOf(code))?.[1] ?? '';

const findings = [
  ...fc.sample(anySnapshot, { numRuns: 4_000, seed: 2 }),
  ...fc.sample(healthySnapshot, { numRuns: 400, seed: 2 }),
].flatMap((snapshot) => diagnose(snapshot, MATRIX_SETTINGS).findings);
const suggestions = findings.flatMap(({ suggestion }) => suggestion ?? []);

describe('every finding', () => {
  test('has one section, which names its code, and no other code has one', () => {
    expect([...sections.keys()].sort()).toEqual(CODES.map((code) => code.toLowerCase().replaceAll('_', '-')).sort());
    for (const code of CODES) expect(sectionOf(code)).toMatch(new RegExp(`^.*\\n\\n\`${code}\`: `));
  });

  test('has a suggestion whose link leads to its section', () => {
    const links = new Set(suggestions.map((text) => /docs\/runbook\.md#(\S+)$/.exec(text)?.[1] ?? text));
    expect([...links].filter((link) => !sections.has(link))).toEqual([]);
    expect(links.size).toBeGreaterThan(15);
  });
});

const schema = await clientSchema();

describe('every query', () => {
  test.each(CODES)('of %s is valid, and selects what the finding has as evidence', (code) => {
    const document = parse(queryOf(code).replace('CHAT', ID));
    expect(validate(schema, document)).toEqual([]);
    const [operation] = document.definitions;
    if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('It is no operation');
    const selected = pathsOf(operation);
    const evidence = findings.filter((finding) => finding.code === code).flatMap((finding) => finding.evidence);
    const wanted = new Set(evidence.map(({ field }) => field.replace(/\[\d+\]/g, '')));
    const asOwner = (path: string) => (code === 'RUNNER_ELSEWHERE' ? path : path.replace(/^everywhere/, 'runtime'));
    expect([...wanted].map(asOwner).filter((path) => !selected.has(path))).toEqual([]);
    expect(wanted.size).toBeGreaterThan(0);
  });
});

/** Everything that is selected of a chat, by its path without the chat itself. */
function pathsOf({ selectionSet }: OperationDefinitionNode): Set<string> {
  const paths = new Set<string>();
  const add = (selections: readonly SelectionNode[], above: readonly string[]) => {
    for (const selection of selections) {
      if (selection.kind !== Kind.FIELD) continue;
      const path = [...above, selection.name.value];
      paths.add(path.slice(1).join('.'));
      add(selection.selectionSet?.selections ?? [], path);
    }
  };
  add(selectionSet.selections, []);
  return paths;
}

describe('every command', () => {
  const texts = [...suggestions, page];
  const named = texts.flatMap((text) =>
    [...text.matchAll(/npm run [a-z:-]+(?: -- [^`\n]*)?/g)].map(([command]) => command),
  );
  /** Commands with the same values in the places of ids and calls. */
  const commands = [
    ...new Set(named.map((one) => one.replace(/<chat>|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, ID))),
  ];
  const tests = readdirSync(new URL('../cli', import.meta.url)).filter((file) => file.endsWith('.test.ts'));
  const testsOfCommands = tests.map((file) => read(`test/cli/${file}`)).join('\n');
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

  test('is a script of this project', () => {
    const names = commands.map((command) => command.split(' ')[2] ?? '');
    expect(names.filter((name) => !scripts[name])).toEqual([]);
    expect(commands.length).toBeGreaterThan(8);
  });

  test.each(commands.filter((command) => command.includes(' -- ')))(
    'can be given as it stands: %s',
    async (command) => {
      const [, script = '', rest = ''] = /^npm run (\S+) -- (.*)$/.exec(command) ?? [];
      const file = (/cli\/\w+\.ts/.exec(scripts[script] ?? '')?.[0] ?? '').replace(/(.*)\.ts/, 'dist/$1.js');
      const args = [...rest.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
      const { stderr } = await runScript(file, args, { DATA_DIR: '/nonexistent' });
      // It was understood: what is missing is a system.
      expect(stderr).toMatch(/DATA_DIR=\/nonexistent/);
    },
  );

  test('is run by a test', () => {
    const steps = new Set(commands.map((command) => / -- (\S+)/.exec(command)?.[1] ?? 'why'));
    expect([...steps].filter((step) => !testsOfCommands.includes(`'${step}'`))).toEqual([]);
  });
});

describe('what to do on another platform', () => {
  test('is what the tables of means say (npm run docs)', () => {
    expect(withPlatformMeans(page)).toBe(page);
    for (const platform of OTHER_PLATFORMS) {
      for (const code of platformMeans(platform).keys()) expect(sectionOf(code)).toContain(placeOf(platform, code));
    }
  });
});

describe('every example', () => {
  test('is the one that its test keeps (npm run docs)', async () => {
    expect(await withExamples(page)).toBe(page);
    for (const code of CODES) expect(sectionOf(code)).toContain(`<!-- example: ${code} -->`);
  });

  test('is of a finding that there is', () => {
    const kept = readdirSync(new URL('../../docs/examples', import.meta.url)).map((file) => file.replace('.txt', ''));
    expect(kept.filter((code) => !CODES.some((known) => known === code))).toEqual([]);
  });
});
