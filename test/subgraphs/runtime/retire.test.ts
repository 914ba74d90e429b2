import { expect, jest, test } from '@jest/globals';
import { databasePerFile } from '../../support/database.ts';
import { askReplica, INTERNAL_SECRET } from '../../support/replica.ts';
import { serverProcessesPerTest } from '../../support/serverProcess.ts';
import { until } from '../../support/until.ts';
import { insertChat } from '../database/support/rows.ts';

jest.setTimeout(60_000);

const database = databasePerFile();
const startProcess = serverProcessesPerTest();

test('a replica that is told to end gives its chats up at once, and answers until gateways know it', async () => {
  const replica = await startProcess('dist/replica.js', { DATABASE_URL: database.url, INTERNAL_SECRET });
  const rows = (sql: string) => database.pool.query<Record<string, string | null>>(sql).then(({ rows: [row] }) => row);
  const row = await until("the replica's row is there", () => rows('SELECT id FROM replicas'));
  const workerId = row.id ?? '';
  const id = await insertChat(database.pool, {
    status: 'requires_action',
    requires_action_deadline_at: "now() + '1 hour'",
  });
  await until(
    'the replica takes the chat',
    async () => (await rows(`SELECT worker_id FROM chats WHERE id = '${id}'`))?.worker_id === workerId,
  );

  replica.kill('SIGTERM');
  const readiness = await until('the replica is not ready', async () => {
    const response = await fetch(`${replica.url}/readyz`);
    return !response.ok && response;
  });
  expect([readiness.status, await readiness.text()]).toEqual([503, 'stopping']);
  await until(
    'the chat has no owner',
    async () => (await rows(`SELECT worker_id FROM chats WHERE id = '${id}'`))?.worker_id === null,
  );
  const representation = { __typename: 'ChatRuntime', chatId: id, workerId };
  const { status, body } = await askReplica(
    { url: replica.url, workerId },
    '... on ChatRuntime { runners { runnerId } }',
    [representation],
  );
  expect({ status, body }).toEqual({ status: 200, body: { data: { _entities: [{ runners: [] }] } } });
  await until("the replica's row says that it has stopped", () =>
    rows('SELECT id FROM replicas WHERE stopped_at IS NOT NULL'),
  );
  expect(await replica.ended).toBe(0);
});
