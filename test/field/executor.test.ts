/** The executor on everything that a client may ask beside a diagnosis. */
import { expect, test } from '@jest/globals';
import { aliasCases, argumentCases } from '../gateway/execution/aliasCases.ts';
import { ownApiSchema, wronglyAnswered } from '../gateway/execution/ownSubgraphs.ts';

const MINUTES = 60_000;

test(
  'every field under every other name, and every value of every argument, changes nothing else',
  async () => {
    const cases = [...aliasCases(ownApiSchema), ...argumentCases(ownApiSchema)];
    expect(await wronglyAnswered(cases)).toEqual([]);
  },
  10 * MINUTES,
);
