/** Names and arguments of a client beside those that a diagnosis requires: neither may change the other. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { loadSupergraph } from '../../support/loadSupergraph.ts';
import { aliasCases, argumentCases } from './aliasCases.ts';
import { composed } from './composed.ts';
import { ownApiSchema, wronglyAnswered, wronglyAnsweredBy } from './ownSubgraphs.ts';
import { LINK } from './supergraphs.ts';
import { makeWorld } from './world.ts';

/** Random cases of each kind; `test/field/executor.test.ts` has all. */
const CASES = 60;
const sample = (cases: readonly string[]) => fc.sample(fc.constantFrom(...cases), CASES);

describe('beside each diagnosis', () => {
  test('every field under every other name is itself, and nothing else changes', async () => {
    const cases = aliasCases(ownApiSchema);
    expect(cases.length).toBeGreaterThan(4_000);
    expect(await wronglyAnswered(sample(cases))).toEqual([]);
  });

  test('every argument may have every value', async () => {
    const cases = argumentCases(ownApiSchema);
    expect(cases.length).toBeGreaterThan(20);
    expect(await wronglyAnswered(sample(cases))).toEqual([]);
  });

  test.each([
    'database { runnerId: parentChatId } diagnosis { findings { code } }',
    'runtime: diagnosis { verdict }',
    'runtime { chatId: workerId observedAt }',
    'database: runtime { observedAt } diagnosis { verdict }',
    'database: chatId chatId: executionState executionState: chatId diagnosis { verdict }',
    'runtime { runners { phase: runnerId runnerId: phase lease: uptimeSeconds } } diagnosis { verdict }',
    'a: database { status: workerId } database { status } ... on ChatDebugSnapshot { runtime: everywhere { reachability { reason: status } } } diagnosis { verdict }',
    'diagnosis: diagnosisEverywhere { verdict } diagnosisEverywhere: diagnosis { verdict: summary summary: verdict }',
    '__typename: chatId t: __typename diagnosis { __typename: verdict }',
  ])('%s', async (selections) => {
    expect(await wronglyAnswered([`{ chatDebugSnapshot(chatId: "i1") { ${selections} } }`])).toEqual([]);
  });
});

const GOODS = {
  goods: `${LINK}
    type Query { one: Product }
    type Product @key(fields: "id") { id: ID!  weight(unit: String = "kg"): Float  parts(first: Int): [Part!]  size(in: String): Float }
    type Part { name: String  width(in: String = "cm"): Int }`,
  shop: `${LINK}
    type Product @key(fields: "id") { id: ID!
      weight(unit: String = "kg"): Float @external  parts(first: Int): [Part!] @external  size(in: String): Float @external
      shipping: Float @requires(fields: "weight")  packing: String @requires(fields: "parts(first: 2) { name width }")
      label: String @requires(fields: "size(in: \\"mm\\")") }
    type Part { name: String @external  width(in: String = "cm"): Int @external }`,
};

test('arguments of a client beside a required field do not change what is required', async () => {
  const supergraphSdl = composed(GOODS);
  const required = ['shipping', 'packing', 'label', 'shipping packing label'];
  const selected = [
    ...['weight', 'weight(unit: "g")', 'other: weight(unit: "g")', 'size', 'size(in: "m")', 'size: weight(unit: "t")'],
    ...['parts { name }', 'parts(first: 1) { name width }', 'parts(first: 7) { width(in: "m") name: width }'],
    ...['parts(first: 2) { width(in: "m") }', 'parts(first: 2) { name }'],
  ];
  const queries = required.flatMap((fields) => selected.map((one) => `{ one { ${one} ${fields} } }`));
  const world = makeWorld(GOODS, { nulls: 0, isHonest: true });
  expect(await wronglyAnsweredBy(await loadSupergraph(supergraphSdl), world, queries)).toEqual([]);
});
