/** Columns that a view does not know, which are null there, and numbers of other types. */
import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from '@jest/globals';
import { databasePerFile } from '../../support/database.ts';
import { subgraphPerFile } from './support/subgraph.ts';

const database = databasePerFile('template0');
const ask = subgraphPerFile(database, { platform: 'views', acquisitionIntervalSeconds: 1 });
const [chatId, other, ownerId, workerId] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];

beforeAll(() =>
  database.pool.query(`
    CREATE TABLE conversations AS SELECT '${chatId}'::uuid AS id, '${ownerId}'::uuid AS user_id, 'running' AS state
      UNION ALL SELECT '${other}', '${ownerId}', 'no such state';
    CREATE VIEW chats AS SELECT
      c.id, c.user_id AS owner_id, NULL AS title, CASE c.state WHEN 'running' THEN 'running' END AS status, NULL::boolean AS archived,
      NULL::uuid AS worker_id, NULL::uuid AS runner_id, NULL::uuid AS parent_chat_id, NULL::uuid AS root_chat_id,
      NULL::bigint AS snapshot_version, NULL::bigint AS history_version, NULL::bigint AS queue_version,
      NULL::bigint AS generation_attempt, NULL::jsonb AS retry_state, NULL::bigint AS retry_state_version,
      NULL::jsonb AS last_error, NULL::timestamptz AS requires_action_deadline_at,
      now() - interval '1 h' AS created_at, now() - interval '1 h' AS updated_at FROM conversations AS c;
    CREATE VIEW chat_messages AS SELECT NULL::bigint AS id, NULL::uuid AS chat_id, NULL AS role, false AS deleted,
      NULL::jsonb AS content, NULL::timestamptz AS created_at WHERE false;
    CREATE VIEW chat_queued_messages AS SELECT NULL::uuid AS chat_id, NULL::timestamptz AS created_at WHERE false;
    CREATE VIEW chat_heartbeats AS SELECT NULL::uuid AS chat_id, NULL::uuid AS runner_id, now() AS heartbeat_at WHERE false;
    CREATE VIEW replicas AS SELECT '${workerId}'::uuid AS id, NULL::timestamptz AS started_at, NULL::timestamptz AS stopped_at,
      now() AS updated_at, NULL AS hostname, 'http://relay' AS relay_address, NULL AS version, 7::bigint AS region_id, NULL AS error`),
);

test('of chats: the chat is shown and listed, and is found where it is in trouble', async () => {
  const fields = 'chatId executionState database { title archived status }';
  const chat = { chatId, executionState: 'R0', database: { title: '', archived: false, status: 'running' } };
  const { data, errors } = await ask(`{ chatDebugSnapshot(chatId: "${chatId}") { ${fields} }
    chats { edges { node { database { status title } } } } suspects: chats(filter: { suspect: true }) { edges { node { ${fields} } } }
    running: chats(filter: { executionState: [R0] }) { edges { node { ${fields} } } } }`);
  expect(errors).toEqual([]);
  const list = { edges: [{ node: chat }] };
  const database = { title: '', archived: false, status: '' };
  const inTrouble = [chat, { chatId: other, executionState: 'INVALID', database }].map((node) => ({ node }));
  const suspects = { edges: expect.arrayContaining(inTrouble) };
  const all = ['running', ''].map((status) => ({ node: { database: { status, title: '' } } }));
  const chats = { edges: expect.arrayContaining(all) };
  expect(data).toEqual({ chatDebugSnapshot: chat, chats, suspects, running: list });
});

test('of replicas: all of them are listed', async () => {
  const { data, errors } = await ask(`{ replicas { id hostname version regionId startedAt isAlive error } }`);
  expect(errors).toEqual([]);
  const replica = { id: workerId, hostname: '', version: '', regionId: 7, startedAt: null, isAlive: true, error: null };
  expect(data).toEqual({ replicas: [replica] });
});
