/** What becomes of actions: the operator looks again through a real gateway, and notes whether the findings are gone. */
import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from '@jest/globals';
import { fleetPerFile } from '../../gateway/fleet.ts';
import { deadUrl } from '../../gateway/httpServers.ts';
import { readMetrics } from '../../support/metrics.ts';
import { until } from '../../support/until.ts';
import { insertChat } from '../database/support/rows.ts';
import { askOperator, mutation, operatorsPerTest } from './support/operators.ts';

const { database, gateway } = fleetPerFile();
const { start } = operatorsPerTest(database);
afterEach(() => database.pool.query('TRUNCATE chats CASCADE'));

const lookingThrough = async (url?: string) => start({ gatewayUrl: `${url ?? (await gateway()).url}/graphql` });

/** Retries a failed chat, for the finding that it failed. */
async function retry(server: { url: string }): Promise<string> {
  const id = await insertChat(database.pool, { status: 'error' });
  const variables = {
    ...{ id, reason: 'for a test', key: randomUUID(), expect: { snapshotVersion: 1 }, findings: ['ERRORED'] },
  };
  const { data } = await askOperator(server, mutation('retryChat'), { variables });
  const done = data?.retryChat as unknown as { record: { id: string; resolved: string } } | undefined;
  expect(done?.record.resolved).toBe('PENDING');
  return done?.record.id ?? '';
}

/** Adds the record of an action that was done so many seconds ago. */
async function recordedAgo(chatId: string, seconds: number, versionAfter: number | null = null): Promise<string> {
  const { rows } = await database.pool.query<{ id: string }>(
    `INSERT INTO chat_debug_actions (at, actor, via, action, chat_id, reason, findings, state_before, outcome, idempotency_key,
       dry_run, input_hash, version_after)
     VALUES (clock_timestamp() - $2::float8 * interval '1 second', 'an-operator', 'GRAPHQL', 'RETRY_CHAT', $1, 'because',
       '{ERRORED}', 'E0', 'DONE', gen_random_uuid(), false, '', $3) RETURNING id`,
    [chatId, seconds, versionAfter],
  );
  return rows[0]?.id ?? '';
}

const resultOf = async (id: string) =>
  (await database.pool.query('SELECT resolved, findings FROM chat_debug_action_results WHERE action_id = $1', [id]))
    .rows[0];
const result = (id: string) => until('there is a result', () => resultOf(id));

test('a finding that goes away is noted as gone', async () => {
  const server = await lookingThrough();
  expect(await result(await retry(server))).toEqual({ resolved: 'YES', findings: [] });
  const counted = await readMetrics(server);
  expect(counted.get('chat_debug_actions_resolved_total{action="RETRY_CHAT",resolved="YES"}')).toBe(1);
});

test('a finding that is there after 30 s is noted as left, by its code', async () => {
  const failed = await insertChat(database.pool, { status: 'error' });
  const id = await recordedAgo(failed, 29);
  await lookingThrough();
  expect(await result(id)).toEqual({ resolved: 'NO', findings: ['ERRORED'] });
});

test('a look at the row as it was before the action says nothing', async () => {
  const failed = await insertChat(database.pool, { status: 'error' });
  const id = await recordedAgo(failed, 31);
  const behind = await recordedAgo(failed, 31, 2);
  await lookingThrough();
  expect(await result(id)).toEqual({ resolved: 'NO', findings: ['ERRORED'] });
  expect(await resultOf(behind)).toBeUndefined();
  await database.pool.query('UPDATE chats SET snapshot_version = 2, last_error = NULL WHERE id = $1', [failed]);
  expect(await result(behind)).toEqual({ resolved: 'NO', findings: ['ERRORED'] });
});

test('a finding that was not there is not said to be gone, and one that was there beside it is', async () => {
  const server = await lookingThrough();
  const acted = async (...findings: string[]) => {
    const id = await insertChat(database.pool, { status: 'error' });
    const variables = { id, reason: 'for a test', key: randomUUID(), expect: { snapshotVersion: 1 }, findings };
    const { data } = await askOperator(server, mutation('retryChat'), { variables });
    return data?.retryChat as unknown as { outcome: string; record: { id: string; resolved: string; why: string } };
  };
  const none = await acted('NO_PROGRESS', 'LOOPING');
  expect(none).toMatchObject({ outcome: 'DONE', record: { resolved: 'UNKNOWN' } });
  expect(none.record.why).toMatch(/had none of the named findings/);
  expect(await resultOf(none.record.id)).toEqual({ resolved: 'UNKNOWN', findings: [] });
  const { record } = await acted('NO_PROGRESS', 'ERRORED');
  expect(record).toMatchObject({ resolved: 'PENDING', why: null });
  expect(await result(record.id)).toEqual({ resolved: 'YES', findings: [] });
});

test('the snapshot beside a result offers what may be done after it, also where one request takes two actions', async () => {
  const server = await lookingThrough();
  const id = await insertChat(database.pool, { status: 'error' });
  const field = (name: string, version: number) =>
    `${name}(id: "${id}", expect: { snapshotVersion: ${version} }, reason: "for a test", idempotencyKey: "${randomUUID()}",
       findings: ["ERRORED"]) { record { id } snapshot { actions { from } } }`;
  const { data } = await askOperator(server, `mutation { ${field('retryChat', 1)} ${field('interruptChat', 2)} }`);
  type Done = { record: { id: string }; snapshot: { actions: { from: string }[] } };
  const done = Object.values(data as unknown as Record<string, Done>);
  expect(done.map(({ snapshot }) => snapshot.actions[0]?.from)).toEqual(['R0', 'I0']);
  await result(done[0]?.record.id ?? ''); // the operators of other tests would take it up
});

test('an operator that starts again takes up what is pending, and several of them note it once', async () => {
  const first = await lookingThrough(await deadUrl());
  const id = await retry(first);
  const readiness = () => fetch(`${first.url}/readyz`).then((response) => response.text());
  await until('the probe says that nobody can look', async () => /whether actions helped/.test(await readiness()));
  await first.stop();
  expect(await resultOf(id)).toBeUndefined();
  const others = [await lookingThrough(), await lookingThrough()];
  expect(await result(id)).toEqual({ resolved: 'YES', findings: [] });
  const counts = await Promise.all(others.map(readMetrics));
  const noted = counts.map((one) => one.get('chat_debug_actions_resolved_total{action="RETRY_CHAT",resolved="YES"}'));
  expect(noted.toSorted()).toEqual([0, 1]);
});

test('nobody knows what became of an action if the gateway was away for ten minutes', async () => {
  const id = await recordedAgo(await insertChat(database.pool, { status: 'error' }), 601);
  await lookingThrough(await deadUrl());
  expect(await result(id)).toEqual({ resolved: 'UNKNOWN', findings: [] });
});
