/** Replicas that could take a chat that nobody has taken. */
import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { databasePerFile } from '../../support/database.ts';
import { startPostgresProxy } from '../../support/postgresProxy.ts';
import { insertChat, insertHealthyChat, insertReplica } from './support/rows.ts';
import { asking, entities, start, subgraphPerFile, user } from './support/subgraph.ts';

const database = databasePerFile();
const ask = subgraphPerFile(database);
/** Longer than workers take to look. */
const OLD = "now() - interval '8 s'";

async function candidatesOf(ids: readonly string[], asks = ask): Promise<string[][]> {
  const query = 'query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { candidates { workerId } } }';
  const { data, errors } = await asks(query, { ids });
  expect(errors).toEqual([]);
  const { chatDebugSnapshots } = data as { chatDebugSnapshots: { candidates: { workerId: string }[] }[] };
  return chatDebugSnapshots.map(({ candidates }) => candidates.map(({ workerId }) => workerId));
}

const unowned = (columns: Parameters<typeof insertChat>[1] = {}) =>
  insertChat(database.pool, { status: 'running', updated_at: OLD, ...columns });

test('are those that are alive by the database clock, and only for a chat that workers had time to see', async () => {
  const { pool } = database;
  await pool.query('TRUNCATE replicas CASCADE');
  const alive = [await insertReplica(pool), await insertReplica(pool, { updated_at: "now() - interval '20 s'" })];
  await insertReplica(pool, { updated_at: "now() - interval '31 s'" });
  await insertReplica(pool, { stopped_at: 'now()' });
  await insertReplica(pool, { updated_at: "now() + interval '1 hour'" });
  await insertReplica(pool, { updated_at: "'infinity'" });
  const stale = await insertHealthyChat(pool, { worker_id: randomUUID(), updated_at: OLD });
  await pool.query(`UPDATE chat_heartbeats SET heartbeat_at = now() - interval '31 s' WHERE chat_id = $1`, [stale.id]);
  const runnable = [
    await unowned(),
    await unowned({ status: 'interrupting' }),
    await unowned({ status: 'requires_action' }),
    await unowned({ worker_id: randomUUID() }),
    await unowned({ updated_at: "now() + interval '1 hour'" }),
    stale.id,
    await unowned({ worker_id: randomUUID(), runner_id: randomUUID() }),
  ];
  const others = [
    await unowned({ updated_at: 'now()' }),
    await unowned({ status: 'waiting' }),
    await unowned({ status: 'paused' }),
    await unowned({ archived: true }),
    await unowned({ updated_at: "'infinity'" }),
    (await insertHealthyChat(pool, { worker_id: alive[0] ?? null, updated_at: OLD })).id,
  ];
  const found = await candidatesOf([...runnable, ...others]);
  expect(found.map((ids) => ids.sort())).toEqual([...runnable.map(() => [...alive].sort()), ...others.map(() => [])]);
});

test('are at most twenty of many, those that started last', async () => {
  const { pool } = database;
  await pool.query('TRUNCATE replicas CASCADE');
  const ids: string[] = [];
  for (let i = 0; i < 25; i += 1) ids.push(await insertReplica(pool, { started_at: `now() - interval '${i} min'` }));
  expect(await candidatesOf([await unowned()])).toEqual([ids.slice(0, 20)]);
});

test('are asked for once, whatever the number of chats, and for a list not at all where no chat waits', async () => {
  const { pool } = database;
  const tap = await startPostgresProxy(database.url);
  const server = await start({ databaseUrl: tap.url });
  try {
    const ids = await Promise.all(Array.from({ length: 50 }, () => unowned()));
    const asks = asking(() => server.url);
    const ofReplicas = () => tap.statements.filter((statement) => /FROM replicas/.test(statement));
    await candidatesOf(ids, asks);
    expect(ofReplicas()).toHaveLength(1);
    const representations = ids.map((chatId) => ({ __typename: 'ChatDebugSnapshot', chatId }));
    await entities(asks, representations, '... on ChatDebugSnapshot { candidates { workerId } }');
    expect(ofReplicas()).toHaveLength(2);
    const owner_id = randomUUID();
    const { id } = await insertHealthyChat(pool, { owner_id });
    const { data } = await asks('{ chats { edges { node { chatId candidates { workerId } } } } }', {}, user(owner_id));
    expect(data).toEqual({ chats: { edges: [{ node: { chatId: id, candidates: [] } }] } });
    expect(ofReplicas()).toHaveLength(2);
  } finally {
    await server.stop();
    await tap.close();
  }
});
