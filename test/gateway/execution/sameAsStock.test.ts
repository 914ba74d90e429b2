/** The executor beside Apollo's own: the same plans over the same subgraphs must give the same answers. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parse, validate } from 'graphql';
import { type Faults, makeFederation } from './federation.ts';
import { randomQuery, VARIABLES } from './queries.ts';
import { SUPERGRAPHS } from './supergraphs.ts';

const FAULTS: Readonly<Record<string, Faults>> = {
  'all is well': { nulls: 0, errors: 0 },
  'nulls here and there': { nulls: 15, errors: 0 },
  'errors and nulls': { nulls: 10, errors: 6 },
};
const RUNS = 60;
/** There, an object is null without a word when no subgraph says of which type it is. */
const SILENT = 'one type for an interface';

describe.each(Object.entries(SUPERGRAPHS))('%s', (name, schemas) => {
  test.each(Object.entries(FAULTS))('%s', async (_name, faults) => {
    const { schema, ours, stock, takeAsked } = makeFederation(schemas, faults);
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(randomQuery(schema), async (query) => {
        fc.pre(validate(schema, parse(query)).length === 0);
        const theirs = await stock(query, VARIABLES);
        const askedByThem = takeAsked();
        const answer = await ours(query, VARIABLES);
        expect(takeAsked()).toEqual(askedByThem);
        expect(answer.data).toEqual(theirs.data);
        if (name !== SILENT) expect(answer.lost).toEqual(theirs.lost);
        expect(answer.lost).toEqual(expect.arrayContaining([...theirs.lost]));
        expect(answer.errors.map(({ message }) => message).sort()).toEqual(
          theirs.errors.map(({ message }) => message).sort(),
        );
        compared += 1;
      }),
      { numRuns: RUNS },
    );
    expect(compared).toBe(RUNS);
  });
});
