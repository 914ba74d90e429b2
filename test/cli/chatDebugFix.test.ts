/** `npm run chat-debug -- fix`, `actions`, `drain` and `undrain`, over a running operator. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { systemClock } from '../../common/clock.ts';
import { AUDIT, OPERATE } from '../../domain/actions/rights.ts';
import { freePort } from '../../local/ports.ts';
import { READ_ALL } from '../../server/tokens/internalToken.ts';
import { callerToken } from '../gateway/gateways.ts';
import { insertChat, insertReplica, queueMessages } from '../subgraphs/database/support/rows.ts';
import { operatorsPerTest } from '../subgraphs/operator/support/operators.ts';
import { debugSystemPerFile } from './support/debugSystem.ts';

jest.setTimeout(240_000);

const port = await freePort(systemClock);
const url = `http://127.0.0.1:${port}/graphql`;
const { database, debug } = debugSystemPerFile({ operator: { url, databaseTimeoutMs: 20_000 } });
const operators = operatorsPerTest(database);
beforeEach(() => operators.start({ port }));
afterEach(() => database.pool.query('TRUNCATE chats, replicas CASCADE'));

const token = () => callerToken({ sub: randomUUID(), roles: [READ_ALL, OPERATE, AUDIT] });
const statusOf = async (id: string) =>
  (await database.pool.query('SELECT status::text FROM chats WHERE id = $1', [id])).rows[0]?.status;

test('a failed chat with a queue is found, acted on, not stuck any more, and recorded', async () => {
  const id = await insertChat(database.pool, { status: 'error', last_error: '{"kind": "auth", "retryable": false}' });
  await queueMessages(database.pool, id, 2);
  const given = ['--token', await token()];
  expect((await debug(['stuck', ...given])).stdout).toMatch(/QUEUE_BLOCKED/);

  const offers = await debug(['fix', id, ...given]);
  expect(offers).toMatchObject({ code: 1, stderr: '' });
  expect(offers.stdout).toMatch(/^retry {2}E1 → R1, risk low\n(.*\n)+ {2}answers QUEUE_BLOCKED, ERRORED$/m);
  expect(offers.stdout).toMatch(/^interrupt: not now\n {2}This is possible in R0, R1, A0, A1\. The chat is in E1\.$/m);

  const unsaid = await debug(['fix', id, '--action', 'retry', ...given]);
  expect([unsaid.code, unsaid.stderr]).toEqual([2, expect.stringMatching(/--reason .* and --yes/)]);
  const said = ['--reason', 'the key is mended', '--yes', ...given];
  const dry = await debug(['fix', id, '--action', 'retry', '--dry-run', ...said]);
  expect([dry.code, await statusOf(id)]).toEqual([0, 'error']);
  expect(dry.stdout).toMatch(/^DONE {2}retry, dry run\. E1 → R1\.$/m);
  const done = await debug(['fix', id, '--action', 'retry', ...said]);
  expect([done.code, done.stderr, await statusOf(id)]).toEqual([0, '', 'running']);
  expect((await debug(['why', id, ...given])).stdout).not.toMatch(/QUEUE_BLOCKED/);

  const refused = await debug(['fix', id, '--action', 'retry', '--json', ...said]);
  expect([refused.code, JSON.parse(refused.stdout)]).toMatchObject([1, { whyNot: 'The chat is running.' }]);
  const actions = await debug(['actions', '--chat', id, ...given]);
  expect(actions.stdout).toMatch(
    / DONE {2}retry, E1 → R1\n {2}chat [0-9a-f-]{36}, by [0-9a-f-]{36} \(terminal\)\n {2}because: the key is mended\n/,
  );
});

test('a replica is drained and takes chats again, for whoever may', async () => {
  const id = await insertReplica(database.pool);
  const given = ['--reason', 'it is slow', '--yes'];
  const stranger = await debug(['drain', id, ...given]);
  expect([stranger.code, stranger.stderr]).toEqual([2, expect.stringMatching(/chat-debug:operate/)]);
  const mine = [...given, '--token', await token()];
  expect(await debug(['drain', id, ...mine])).toMatchObject({ code: 0, stderr: '' });
  expect((await debug(['drain', id, ...mine])).stdout).toMatch(
    /^NO_CHANGE {2}drain\.\nThe replica is told to drain already\.$/m,
  );
  expect(await debug(['undrain', id, ...mine])).toMatchObject({ code: 0, stderr: '' });
});
