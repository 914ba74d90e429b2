/** The executor beside Apollo's own: the same plans over the same subgraphs must give the same answers. */
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parse, print, validate } from 'graphql';
import { isObject } from '../../../common/json.ts';
import { withoutEmptySelections } from '../../../gateway/execution/planDocument.ts';
import { STOCK_QUERIES } from '../../support/scale.ts';
import { type Faults, makeFederation } from './federation.ts';
import { randomQuery, VARIABLES } from './queries.ts';
import { SUPERGRAPHS } from './supergraphs.ts';

const FAULTS: Readonly<Record<string, Faults>> = {
  'all is well': { nulls: 0, errors: 0 },
  'nulls here and there': { nulls: 15, errors: 0 },
  'errors and nulls': { nulls: 10, errors: 6 },
};
/**
 * A kind of supergraph on which the stock executor errs. The interface's name replaces the type's, by whichever answer
 * comes last.
 * Then the object is null, or lacks fields of its type, without an error.
 */
const INTERFACE_OBJECT = 'one type for an interface';

describe.each(Object.entries(SUPERGRAPHS))('%s', (name, schemas) => {
  test.each(Object.entries(FAULTS))('%s', async (_name, faults) => {
    const { schema, ours, stock, takeAsked } = await makeFederation(schemas, faults);
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(randomQuery(schema), async (query) => {
        fc.pre(validate(schema, parse(query)).length === 0);
        const theirs = await stock(query, VARIABLES);
        const askedByThem = takeAsked();
        const answer = await ours(query, VARIABLES);
        const asked = takeAsked();
        compared += 1;
        const mayDiffer = name === INTERFACE_OBJECT || mayBeEmpty(query);
        if (mayDiffer && !isDeepStrictEqual(plain(answer.data), plain(theirs.data))) {
          expect([answer.data, isAtLeast(answer.data, theirs.data)]).toEqual([answer.data, true]);
          return;
        }
        expect(answer.data).toEqual(theirs.data);
        if (mayBeEmpty(query)) return;
        expect(asked).toEqual(askedByThem);
        expect(answer.lost).toEqual(theirs.lost);
        expect(answer.errors.map(({ message }) => message).sort()).toEqual(
          theirs.errors.map(({ message }) => message).sort(),
        );
      }),
      { numRuns: STOCK_QUERIES },
    );
    expect(compared).toBe(STOCK_QUERIES);
  });
});

test('an object keeps its type when a subgraph knows only the interface', async () => {
  const { ours } = await makeFederation(SUPERGRAPHS[INTERFACE_OBJECT] ?? {}, { nulls: 0, errors: 0 });
  const query = `{ all { t: __typename id ... on Media { ... on Media { x0: votes voters { x0: id } } votes }
    ... on Book { votes __typename id pages } } }`;
  const { data, lost } = await ours(query, {});
  expect(lost).toEqual([]);
  const all = isObject(data) && Array.isArray(data.all) ? data.all : [];
  expect(all.map(({ t }) => t)).toEqual(['Film', 'Film', 'Film']);
});

/** The stock planner then puts conditions around objects, which are null where they should be empty. */
const mayBeEmpty = (query: string): boolean => {
  const document = parse(query);
  return print(withoutEmptySelections(document)) !== print(document);
};

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null));

/** All that the other has, but where that is null. */
function isAtLeast(value: unknown, other: unknown): boolean {
  if (other === null) return true;
  if (Array.isArray(value) && Array.isArray(other)) {
    return value.length === other.length && value.every((element, i) => isAtLeast(element, other[i]));
  }
  if (!isObject(value) || !isObject(other)) return value === other;
  return Object.keys(other).every((key) => isAtLeast(value[key], other[key]));
}
