/** The executor beside a plain execution by the specification, over subgraphs that are well, that fail, and that lie. */
import { describe, expect, test } from '@jest/globals';
import { ALL, differencesIn, KINDS } from './differences.ts';

/** Of each kind, always the same ones. `test/field/executor.test.ts` compares others, and more of them. */
const QUERIES = 12;

describe.each(Object.entries(ALL))('%s', (_name, schemas) => {
  test.each(Object.entries(KINDS))('%s', async (_kind, options) => {
    expect(await differencesIn(schemas, options, { runs: QUERIES, firstSeed: 1 })).toEqual({
      unexplained: [],
      compared: QUERIES,
    });
  });
});
