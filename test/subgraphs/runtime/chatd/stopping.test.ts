/** A replica that is told to end while something of it hangs: its chats are handed over all the same, at once. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { systemClock } from '../../../../common/clock.ts';
import { ChatStore } from '../../../../subgraphs/runtime/chatd/chatStore.ts';
import { chatWaits } from '../../../support/chatWaits.ts';
import { databasePerFile } from '../../../support/database.ts';
import { whileHolding } from '../../../support/locks.ts';
import { replicasPerTest } from '../../../support/replica.ts';
import { until } from '../../../support/until.ts';

/** Milliseconds that the process has for its end. */
const STOP_LIMIT_MS = 4_000;

const database = databasePerFile();
const startReplica = replicasPerTest(() => database.url);
const ownerId = randomUUID();
const create = async (text: string) => (await new ChatStore(database.pool).create({ ownerId, text })).id;
const waitFor = chatWaits(() => database.pool);
beforeEach(async () => {
  await database.pool.query('TRUNCATE chats CASCADE');
});
afterEach(async () => {
  await database.pool.query('DROP FUNCTION IF EXISTS hang CASCADE');
});

/** Milliseconds after which it holds, from now on. */
async function after(what: string, holds: () => Promise<boolean | undefined>): Promise<number> {
  const beganMs = systemClock.monotonicMs();
  await until(what, holds);
  return systemClock.monotonicMs() - beganMs;
}

test('a chat hangs while it is taken', async () => {
  const replica = await startReplica();
  const id = await create('/stall');
  await waitFor(id, (chat) => chat.generationAttempt === 1);
  const odd = randomUUID();
  await database.pool.query(`
    CREATE FUNCTION hang() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF new.chat_id = '${odd}' THEN PERFORM pg_sleep(60); END IF;
      RETURN new;
    END $$;
    CREATE TRIGGER hang BEFORE INSERT ON chat_heartbeats FOR EACH ROW EXECUTE FUNCTION hang()`);
  await database.pool.query(`INSERT INTO chats (id, owner_id, status) VALUES ($1, $2, 'running')`, [odd, ownerId]);
  const hanging = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`;
  await until('the taking hangs', async () => ((await database.pool.query(hanging)).rowCount ?? 0) > 0);
  const stopping = replica.stop();
  const ms = await after('the chat is given up', async () => (await waitFor(id, () => true)).workerId === null);
  expect(ms).toBeLessThan(STOP_LIMIT_MS);
  await stopping;
});

test('old rows cannot be cleaned up', async () => {
  await database.pool.query(`
    INSERT INTO chats (id, owner_id, status) SELECT gen_random_uuid(), '${ownerId}', 'waiting' FROM generate_series(1, 20);
    INSERT INTO chat_events (chat_id, at, snapshot_version, generation_attempt, queue_depth, to_state)
      SELECT id, now() - interval '30 days', 99, 0, 0, 'w' FROM chats`);
  await whileHolding(database.pool, 'LOCK TABLE chat_events IN SHARE MODE', [], async () => {
    const replica = await startReplica();
    const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'DELETE FROM chat_events%'`;
    await until('the clean-up waits', async () => ((await database.pool.query(waiting)).rowCount ?? 0) > 0);
    void replica.stop();
    const ms = await after('the row says that it has stopped', async () => {
      const { rows } = await database.pool.query('SELECT stopped_at FROM replicas WHERE id = $1', [replica.workerId]);
      return rows[0]?.stopped_at !== null;
    });
    expect(ms).toBeLessThan(STOP_LIMIT_MS);
  });
});
