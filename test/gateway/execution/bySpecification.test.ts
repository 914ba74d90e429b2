/** The executor beside a plain execution by the specification, over healthy, failing and lying subgraphs. */
import { describe, expect, test } from '@jest/globals';
import { ALL, differencesIn, KINDS } from './differences.ts';

/** Queries of each kind, always the same. `test/field/executor.test.ts` compares more and other ones. */
const QUERIES = 12;

describe.each(Object.entries(ALL))('%s', (_name, schemas) => {
  test.each(Object.entries(KINDS))('%s', async (_kind, options) => {
    expect(await differencesIn(schemas, options, { runs: QUERIES, firstSeed: 1 })).toEqual({
      unexplained: [],
      compared: QUERIES,
    });
  });
});
