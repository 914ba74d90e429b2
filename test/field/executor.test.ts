/** The executor on everything that a client may ask beside a diagnosis. */
import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../common/clock.ts';
import { aliasCases, argumentCases } from '../gateway/execution/aliasCases.ts';
import { ALL, differencesIn, KINDS, REASONS } from '../gateway/execution/differences.ts';
import { ownApiSchema, wronglyAnswered } from '../gateway/execution/ownSubgraphs.ts';
import { ALIAS_STRIDE, EXECUTOR_QUERIES } from '../support/scale.ts';

const MINUTES = 60_000;
/** Another part of them in each run. What is answered wrongly is told whole. */
const FIRST_CASE = Math.floor(systemClock.random() * ALIAS_STRIDE);

test(
  'fields under the names of others, and values of arguments, change nothing else',
  async () => {
    const cases = [...aliasCases(ownApiSchema), ...argumentCases(ownApiSchema)].filter(
      (_, i) => i % ALIAS_STRIDE === FIRST_CASE,
    );
    expect(await wronglyAnswered(cases)).toEqual([]);
  },
  10 * MINUTES,
);

const EACH = Math.ceil(EXECUTOR_QUERIES / (Object.keys(ALL).length * Object.keys(KINDS).length));
const MAX_REASONS = 10;

describe.each(Object.entries(ALL))('random queries over %s', (_name, schemas) => {
  test.each(Object.entries(KINDS))(
    '%s: what differs from the specification has one of few reasons',
    async (_kind, options) => {
      expect(REASONS.length).toBeLessThanOrEqual(MAX_REASONS);
      expect(await differencesIn(schemas, options, { runs: EACH, firstSeed: 1_000 })).toEqual({
        unexplained: [],
        compared: EACH,
      });
    },
    10 * MINUTES,
  );
});
