/** The events of turns that real replicas do. */
import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import pg from 'pg';
import { ChatStore } from '../../../../subgraphs/runtime/chatd/chatStore.ts';
import { LEAVES_NO_EVENTS } from '../../../../subgraphs/runtime/chatd/pool.ts';
import { eventsOf, expectKept } from '../../../support/chatEvents.ts';
import { chatWaits } from '../../../support/chatWaits.ts';
import { databasePerFile } from '../../../support/database.ts';
import { replicasPerTest } from '../../../support/replica.ts';

const database = databasePerFile();
const startReplica = replicasPerTest(() => database.url);
const waitFor = chatWaits(() => database.pool);
const atRest = (id: string) => waitFor(id, ({ status, workerId }) => status === 'waiting' && workerId === null);

test('every version of a turn is told once: by whom, by which transitions, and whose it was', async () => {
  const { workerId } = await startReplica();
  const ownerId = randomUUID();
  const { id } = await new ChatStore(database.pool).create({ ownerId, text: 'hello' });
  await atRest(id);
  await expectKept(database.pool, id);
  const nobody = { workerId: null, previousWorkerId: null };
  const ofWorker = { ...nobody, by: 'w', actorId: null, fromState: 'R0' };
  expect(await eventsOf(database.pool, id)).toMatchObject([
    { ...nobody, by: 'p', actorId: ownerId, transitions: ['create'], fromState: null, toState: 'R0' },
    { ...ofWorker, transitions: ['acquire'], toState: 'R0', workerId },
    { ...ofWorker, transitions: ['recordGenerationAttempt'], toState: 'R0', generationAttempt: 1 },
    { ...ofWorker, transitions: ['commitStep', 'finishTurn', 'abandon'], toState: 'W', previousWorkerId: workerId },
  ]);
});

test('a wait for the next attempt and a failure are told with their kinds, and without their words', async () => {
  await startReplica({ maxAttempts: 2 });
  const { id } = await new ChatStore(database.pool).create({ ownerId: randomUUID(), text: '/fail' });
  await waitFor(id, ({ status, workerId }) => status === 'error' && workerId === null);
  await expectKept(database.pool, id);
  const details = (await eventsOf(database.pool, id)).flatMap(({ transitions, detail }) =>
    detail === null ? [] : [[transitions[0], detail]],
  );
  expect(details).toMatchObject([
    ['recordRetryState', { kind: expect.stringMatching(/^[a-z_]+$/), retrying_at: expect.any(String) }],
    ['finishError', { kind: expect.stringMatching(/^[a-z_]+$/), retryable: expect.any(Boolean) }],
  ]);
});

test('what many workers do to many chats with their queues is told once for each version', async () => {
  const replicas = await Promise.all([startReplica(), startReplica()]);
  const store = new ChatStore(database.pool);
  const texts = ['hello', '/slow 1', '/tool ask', '/fail', '/tool clock'];
  const ids = await Promise.all(
    Array.from({ length: 30 }, async (_, place) => {
      const { id } = await store.create({ ownerId: randomUUID(), text: texts[place % texts.length] ?? '' });
      const message = { content: [{ type: 'text', text: 'hello' }], createdBy: randomUUID() };
      await store.apply(id, { name: place % 2 === 0 ? 'send' : 'sendInterrupting', message }).catch(() => {});
      return id;
    }),
  );
  await replicas[0]?.stop();
  await replicas[1]?.stop();
  for (const id of ids) await expectKept(database.pool, id);
});

test('a worker that may not write events goes on, and the triggers write them', async () => {
  const role = `worker_${randomUUID().slice(0, 8)}`;
  const { pool, url } = database;
  await pool.query(`CREATE ROLE ${role} LOGIN PASSWORD 'test';
    GRANT SELECT, INSERT, UPDATE, DELETE ON chats, chat_messages, chat_queued_messages, chat_heartbeats, replicas TO ${role};
    GRANT SELECT ON _prisma_migrations TO ${role};
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ${role}`);
  const replica = await startReplica({
    databaseUrl: Object.assign(new URL(url), { username: role, password: 'test' }).href,
  });
  try {
    const { id } = await new ChatStore(pool).create({ ownerId: randomUUID(), text: 'hello' });
    await atRest(id);
    await expectKept(pool, id);
  } finally {
    await replica.stop();
    await pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  }
});

test('without history neither a replica nor a command leaves an event', async () => {
  await startReplica({ writesEvents: false });
  const pool = new pg.Pool({ connectionString: database.url, max: 1, ...LEAVES_NO_EVENTS });
  try {
    const { id } = await new ChatStore(pool).create({ ownerId: randomUUID(), text: 'hello' });
    await atRest(id);
    expect(await eventsOf(database.pool, id)).toEqual([]);
  } finally {
    await pool.end();
  }
});
