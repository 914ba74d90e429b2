/** Second readings of chats, over the real supergraph, whose subgraphs are away. */
import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { makeQueries } from '../../../gateway/queries/answer.ts';
import { makePrepareQuery } from '../../../gateway/queries/prepare.ts';
import { makeRereads } from '../../../gateway/queries/reread.ts';
import { loadSupergraph } from '../../support/loadSupergraph.ts';

const CHAT = 'cccccccc-0000-4000-8000-000000000001';

test('chats that cannot be read a second time are told as what they are: not as a defect', async () => {
  const lines: { level: number; msg: string }[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  const away = { data: null, errors: [{ message: 'away', extensions: { code: 'DATABASE_UNAVAILABLE' } }] };
  const supergraph = await loadSupergraph();
  const prepare = makePrepareQuery({ supergraph, subgraph: () => async () => away, onDefect: () => {} });
  const { ask } = makeQueries({
    prepare,
    limitMutations: async () => undefined,
    maxCost: 0,
    countReplicas: () => undefined,
    log,
  });
  const reread = makeRereads(
    ask,
    log,
  )({
    ...{ caller: { sub: 'me', roles: [] }, signal: new AbortController().signal, requestId: 'r' },
    ...{ budget: { leftMs: () => 1_000 }, asked: [] },
  });
  expect(await Promise.all([reread('diagnosis', CHAT), reread('diagnosis', CHAT)])).toEqual([undefined, undefined]);
  expect(lines.filter(({ level }) => level >= 50)).toEqual([]);
  expect(lines.filter(({ level }) => level === 40)).toMatchObject([
    { msg: 'chats could not be read a second time', requestId: 'r', codes: ['DATABASE_UNAVAILABLE'] },
  ]);
});
