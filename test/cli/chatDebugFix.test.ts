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
const { database, debug, system } = debugSystemPerFile({ operator: { url, databaseTimeoutMs: 20_000 } });
const operators = operatorsPerTest(database);
beforeEach(() => operators.start({ port, gatewayUrl: `${system.url}/graphql` }));
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
  const because = ['--reason', 'the key is mended', ...given];
  const said = ['--yes', ...because];
  const dry = await debug(['fix', id, '--action', 'retry', '--dry-run', ...because]);
  expect([dry.code, await statusOf(id)]).toEqual([0, 'error']);
  expect(dry.stdout).toMatch(/^DONE {2}retry, dry run\. E1 → R1\.$/m);
  const done = await debug(['fix', id, '--action', 'retry', ...said]);
  expect([done.code, await statusOf(id)]).toEqual([0, 'running']);
  expect(done.stderr).toBe('Done. It is looked for up to 30 s whether QUEUE_BLOCKED, ERRORED are gone.\n');
  expect(done.stdout).toMatch(/^DONE {2}retry\. E1 → R1\.\nrecord [0-9a-f-]{36}\nGone: QUEUE_BLOCKED, ERRORED\.$/m);
  expect((await debug(['why', id, ...given])).stdout).not.toMatch(/QUEUE_BLOCKED/);

  const refused = await debug(['fix', id, '--action', 'retry', '--json', ...said]);
  expect([refused.code, JSON.parse(refused.stdout)]).toMatchObject([1, { whyNot: 'The chat is running.' }]);
  const actions = await debug(['actions', '--chat', id, ...given]);
  expect(actions.stdout).toMatch(
    / DONE {2}retry, E1 → R1; its findings are gone\n {2}chat [0-9a-f-]{36}, by [0-9a-f-]{36} \(terminal\)\n {2}because: the key is mended\n/,
  );
});

test('a replica is drained and takes chats again, for whoever may', async () => {
  const id = await insertReplica(database.pool);
  const because = ['--reason', 'it is slow'];
  const given = [...because, '--yes'];
  const stranger = await debug(['drain', id, ...given]);
  expect([stranger.code, stranger.stderr]).toEqual([2, expect.stringMatching(/chat-debug:operate/)]);
  const mine = [...given, '--token', await token()];
  const dry = await debug(['drain', id, '--dry-run', ...because, '--token', await token()]);
  expect(dry).toMatchObject({ code: 0, stdout: expect.stringMatching(/^DONE {2}drain, dry run\./) });
  expect(await debug(['drain', id, ...mine])).toMatchObject({ code: 0, stderr: '' });
  expect((await debug(['drain', id, ...mine])).stdout).toMatch(
    /^NO_CHANGE {2}drain\.\nThe replica is told to drain already\.$/m,
  );
  expect(await debug(['undrain', id, ...mine])).toMatchObject({ code: 0, stderr: '' });
});

test('many chats are planned by their finding, reviewed, run, and followed to the end', async () => {
  const failed = [];
  for (let i = 0; i < 3; i += 1) failed.push(await insertChat(database.pool, { status: 'error' }));
  for (const id of failed) await queueMessages(database.pool, id, 1);
  await insertChat(database.pool, { status: 'waiting' });
  const given = ['--token', await token()];
  const chosen = ['plan', 'retry', '--finding', 'QUEUE_BLOCKED', '--reason', 'the key is mended', ...given];
  const review = await debug(chosen);
  expect(review).toMatchObject({ code: 0, stderr: '' });
  expect(review.stdout).toMatch(/^PLANNED {2}retry, plan [0-9a-f-]{36}\n/);
  expect(review.stdout).toMatch(/3 chats: 0 done, 0 were so already, 0 had moved, 0 refused, 3 left/);
  for (const id of failed) expect(review.stdout).toMatch(new RegExp(`^${id} {2}E1 → R1 +left$`, 'm'));
  expect(await Promise.all(failed.map(statusOf))).toEqual(['error', 'error', 'error']);
  const [, plan = ''] = /plan ([0-9a-f-]{36})/.exec(review.stdout) ?? [];

  await database.pool.query('UPDATE chats SET title = title, snapshot_version = 9 WHERE id = $1', [failed[2]]);
  const run = await debug(['run', plan, '--per-second', '20', ...given]);
  expect(run.code).toBe(1); // one had moved
  expect(run.stdout).toMatch(/^FINISHED {2}retry, plan .*, 20 a second\n/);
  expect(run.stdout).toMatch(/2 done, 0 were so already, 1 had moved, 0 refused, 0 left/);
  expect((await Promise.all(failed.map(statusOf))).toSorted()).toEqual(['error', 'running', 'running']);
  expect((await debug(['plans', ...given])).stdout).toMatch(/^FINISHED {2}retry, plan /);
  expect((await debug(['plans', plan, '--json', ...given])).stdout).toMatch(/"outcome": "CONFLICT"/);

  const yes = await debug(['plan', 'delete-queued', failed[2] ?? '', '--reason', 'nobody wants it', '--yes', ...given]);
  expect([yes.code, yes.stdout]).toEqual([0, expect.stringMatching(/^FINISHED {2}delete-queued, plan /)]);
  const none = await debug(['plan', 'reconcile', '--finding', 'INVALID_STATE', '--reason', 'for a test', ...given]);
  expect([none.code, none.stderr]).toEqual([2, 'No chat in trouble has the finding INVALID_STATE.\n']);
  const stopped = await debug(['stop', plan, ...given]);
  expect([stopped.code, stopped.stdout]).toEqual([1, expect.stringMatching(/^FINISHED/)]);
  for (const wrong of [
    ['plan', 'retry'],
    ['plan', 'retry', 'x'],
    ['plan', 'drain', plan],
    ['run', plan, '--per-second', '0'],
  ]) {
    expect([wrong, (await debug([...wrong, '--reason', 'for a test'])).code]).toEqual([wrong, 2]);
  }
});
