/** Second readings of chats, over the real supergraph, whose subgraphs are away. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { makeRereads } from '../../../gateway/execution/reread.ts';
import { newRecord } from '../../../gateway/http/requestRecord.ts';
import { makeOperations } from '../../../gateway/queries/operations.ts';
import { buildSupergraph } from '../../../gateway/supergraph/load.ts';

const SDL = readFileSync(new URL('../../../gateway/supergraph.graphql', import.meta.url), 'utf8');
const CHAT = 'cccccccc-0000-4000-8000-000000000001';

test('chats that cannot be read a second time are told as what they are: not as a defect', async () => {
  const lines: { level: number; msg: string }[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  const away = { data: null, errors: [{ message: 'away', extensions: { code: 'DATABASE_UNAVAILABLE' } }] };
  const operations = makeOperations({ supergraph: buildSupergraph(SDL), subgraph: () => async () => away, log });
  const reread = makeRereads(
    operations,
    log,
  )({
    ...{ caller: { sub: 'me', roles: [] }, signal: new AbortController().signal, requestId: 'r' },
    ...{ budget: { leftMs: () => 1_000 }, asked: [], record: newRecord() },
  });
  expect(await Promise.all([reread('diagnosis', CHAT), reread('diagnosis', CHAT)])).toEqual([undefined, undefined]);
  expect(lines.filter(({ level }) => level >= 50)).toEqual([]);
  expect(lines.filter(({ level }) => level === 40)).toMatchObject([
    { msg: 'chats could not be read a second time', requestId: 'r', codes: ['DATABASE_UNAVAILABLE'] },
  ]);
});
