/** Check that a test brings about every finding by a real fault. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { RULES } from '../../domain/diagnosis/rules.ts';

test('a test of this folder finds each code of the rules', () => {
  const folder = new URL('.', import.meta.url);
  const tests = readdirSync(folder).filter((name) => name.endsWith('.test.ts'));
  const sources = tests.map((name) => readFileSync(new URL(name, folder), 'utf8')).join('\n');
  const found = [...sources.matchAll(/\bfinds\(\w+, '(\w+)'/g)].map(([, code]) => code);
  expect([...new Set(found)].sort()).toEqual(RULES.map(({ code }) => code).sort());
});
