/** Memory of replicas of an earlier version. */
import { expect, test } from '@jest/globals';
import { buildASTSchema, parse } from 'graphql';
import { makeEarlierVersions } from '../../../routing/ask/earlierVersions.ts';
import { type ShareAnswer, withoutAnswer } from '../../../routing/ask/share.ts';
import { manualClock } from '../../support/manualClock.ts';

const schema = buildASTSchema(
  parse(`directive @since(version: String!) on FIELD_DEFINITION
    type Query { old: Int  new: Int @since(version: "0.2.0") }`),
  { assumeValid: true },
);
const share = { replicaId: 'a', representations: [], places: [] };
const BROKEN: ShareAnswer = { ...withoutAnswer(share, 'UNREACHABLE', 'x'), attempts: 1 };
const OK: ShareAnswer = { ...BROKEN, outcome: { ...BROKEN.outcome, status: 'OK' }, entities: [] };
const REFUSED: ShareAnswer = { ...BROKEN, outcome: { ...BROKEN.outcome, status: 'REFUSED' }, cause: 'version' };
const ALL = '{ old new }';
const LESS = '{\n  old\n}';

function fleet() {
  const clock = manualClock();
  const versions = makeEarlierVersions(clock);
  /** Requests that a replica receives, given these answers. */
  const sent = async (version: string | undefined, answers: ShareAnswer[], { query = ALL, replicaId = 'a' } = {}) => {
    const queries: string[] = [];
    const came = await versions.send({ schema, query, version, replicaId }, async (text) => {
      queries.push(text);
      return answers.shift() ?? BROKEN;
    });
    return { queries, ...came };
  };
  return { clock, sent };
}

test('a version that was refused once is asked right at once, until it is forgotten', async () => {
  const { clock, sent } = fleet();
  expect(await sent('0.1.0', [REFUSED, OK])).toMatchObject({
    ...{ queries: [ALL, LESS], attempts: 2 },
    withheld: 'It runs version 0.1.0, which does not know all that was asked.',
  });
  expect(await sent('0.1.0', [OK], { replicaId: 'b' })).toMatchObject({ queries: [LESS], attempts: 1 });
  expect((await sent('0.1.0', [OK], { query: LESS })).queries).toEqual([LESS]);
  expect((await sent('0.1.1', [OK])).queries).toEqual([ALL]);
  clock.advance(10 * 60 * 1_000);
  expect((await sent('0.1.0', [OK])).queries).toEqual([ALL]);
  expect((await sent('0.1.0', [OK])).queries).toEqual([ALL]);
});

test('where the version is not known, each replica is remembered by itself', async () => {
  const { sent } = fleet();
  expect((await sent(undefined, [REFUSED, OK])).queries).toEqual([ALL, LESS]);
  expect((await sent(undefined, [OK])).queries).toEqual([LESS]);
  expect((await sent(undefined, [OK], { replicaId: 'b' })).queries).toEqual([ALL]);
});

test('nothing is learnt from a second question that fails, and none is asked where nothing is newer', async () => {
  const { sent } = fleet();
  expect(await sent('0.1.0', [REFUSED, BROKEN])).toMatchObject({ queries: [ALL, LESS], outcome: BROKEN.outcome });
  expect(await sent('0.1.0', [REFUSED, REFUSED])).toMatchObject({
    queries: [ALL, LESS],
    outcome: { status: 'REFUSED' },
  });
  expect(await sent('0.1.0', [BROKEN])).toMatchObject({ queries: [ALL], outcome: BROKEN.outcome });
  expect(await sent('0.1.0', [REFUSED], { query: LESS })).toMatchObject({
    queries: [LESS],
    outcome: { status: 'REFUSED' },
  });
});

test('of more than a hundred versions the one that was asked longest ago is forgotten', async () => {
  const { sent } = fleet();
  for (let n = 0; n < 100; n += 1) await sent(`0.0.${n}`, [REFUSED, OK]);
  expect((await sent('0.0.0', [OK])).queries).toEqual([LESS]);
  await sent('0.1.0', [REFUSED, OK]);
  expect((await sent('0.0.0', [OK])).queries).toEqual([LESS]);
  expect((await sent('0.0.1', [OK])).queries).toEqual([ALL]);
});
