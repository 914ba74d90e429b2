/** Rows as Postgres can hold them and the state machine never writes them: each costs no more than itself. */
import { randomUUID } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Pool } from 'pg';
import { textContent } from '../../../../domain/messages.ts';
import { readChats, readChatsApart } from '../../../../subgraphs/runtime/chatd/chatState.ts';
import { ChatStore } from '../../../../subgraphs/runtime/chatd/chatStore.ts';
import { chatWaits } from '../../../support/chatWaits.ts';
import { databasePerFile } from '../../../support/database.ts';
import { replicasPerTest } from '../../../support/replica.ts';
import { until } from '../../../support/until.ts';

const database = databasePerFile();
const startReplica = replicasPerTest(() => database.url);
const ownerId = randomUUID();
let store: ChatStore;
beforeAll(() => {
  store = new ChatStore(database.pool);
});
beforeEach(async () => {
  await database.pool.query('TRUNCATE chats CASCADE');
});

const LAST = '9223372036854775807';
const FIRST = '-9223372036854775808';
const NOBODY = randomUUID();
const set = (assignment: string) => `UPDATE chats SET ${assignment} WHERE id = $1`;
const beat = (moment: string) =>
  `WITH named AS (UPDATE chats SET worker_id = '${NOBODY}', runner_id = gen_random_uuid() WHERE id = $1 RETURNING id, runner_id)
   INSERT INTO chat_heartbeats SELECT id, runner_id, '${moment}' FROM named`;
const queue = (position: string) =>
  `INSERT INTO chat_queued_messages (chat_id, content, created_by, position)
   VALUES ($1, '[{"type": "text", "text": "queued"}]', '${ownerId}', ${position})`;

/** A chat in R0 after each of these is still one that a worker can answer. */
const ANSWERED: readonly string[] = [
  set(`snapshot_version = ${LAST}`),
  set(`snapshot_version = -5`),
  set(`history_version = ${LAST}`),
  set(`history_version = ${FIRST}, queue_version = ${FIRST}`),
  set(`queue_version = ${LAST}`),
  set(`generation_attempt = ${FIRST}`),
  set(`retry_state_version = ${LAST}, retry_state = '3'`),
  set(`retry_state = '{"attempt": {}, "retrying_at": "never"}'`),
  set(`last_error = '[null, "x"]'`),
  set(`updated_at = 'infinity', created_at = '-infinity'`),
  set(`updated_at = '-infinity', created_at = 'infinity'`),
  set(`updated_at = '294276-12-31', created_at = '4713-01-01 BC'`),
  set(`requires_action_deadline_at = 'infinity'`),
  set(`requires_action_deadline_at = '4713-01-01 BC'`),
  set(`worker_id = '${NOBODY}'`),
  set(`runner_id = '${NOBODY}'`),
  set(`parent_chat_id = id, root_chat_id = '${NOBODY}'`),
  set(`title = E'\\x1b[31m' || repeat('x', 100000)`),
  beat('infinity'),
  beat('-infinity'),
  beat('294276-12-31'),
  queue(LAST),
  queue(FIRST),
  `UPDATE chat_messages SET created_at = 'infinity' WHERE chat_id = $1`,
  `INSERT INTO replicas (id, hostname, relay_address, version, updated_at, stopped_at, started_at)
   SELECT gen_random_uuid(), '', 'nonsense', '', 'infinity', '-infinity', '294276-12-31' FROM chats WHERE id = $1`,
];

const waitFor = chatWaits(() => database.pool);

async function create(text: string, statement: string): Promise<string> {
  const { id } = await store.create({ ownerId, text });
  await database.pool.query(statement, [id]);
  return id;
}

/** Chat as a person or a tool would leave it: with an open call, and without an owner. */
async function waiting(deadline: string): Promise<string> {
  const { id } = await store.create({ ownerId, text: 'hello' });
  const call = { type: 'tool-call', toolCallId: 'c1', toolName: 'ask_person', input: {} };
  await store.apply(
    id,
    { name: 'commitStep', messages: [{ role: 'assistant', content: [call] }] },
    { name: 'enterRequiresAction', timeoutSeconds: 3_600 },
  );
  await database.pool.query('UPDATE chats SET requires_action_deadline_at = $2::timestamptz WHERE id = $1', [
    id,
    deadline,
  ]);
  return id;
}

describe('a row that no transition writes', () => {
  test('is answered by a worker like any other, whatever its versions, moments and JSON', async () => {
    const ids = await Promise.all(ANSWERED.map((statement) => create('hello', statement)));
    await startReplica();
    const states = async () => {
      const chats = new Map((await readChats(database.pool, ids)).map((chat) => [chat.id, chat]));
      return ids.map((id) => chats.get(id)).map((chat) => [chat?.status, chat?.workerId]);
    };
    await until('all chats are at rest and without an owner', async () =>
      (await states()).every(([status, owner]) => status === 'waiting' && owner === null),
    );
    const { rows } = await database.pool.query(
      `SELECT count(*)::int AS n FROM chat_messages WHERE role = 'assistant' GROUP BY chat_id`,
    );
    expect(rows).toHaveLength(ANSWERED.length);
    for (const id of ids) {
      await store.apply(id, { name: 'send', message: { content: textContent('more'), createdBy: ownerId } });
    }
  });

  test('with a deadline at infinity waits for its tool without an end, beside chats that are answered', async () => {
    const hold = await waiting('infinity');
    const replica = await startReplica();
    await waitFor(hold, (chat) => chat.workerId === replica.workerId);
    const { id } = await store.create({ ownerId, text: 'hello' });
    await waitFor(id, (chat) => chat.status === 'waiting');
    expect((await readChats(database.pool, [hold]))[0]).toMatchObject({
      status: 'requires_action',
      deadlineInMs: null,
    });
    await store.apply(hold, {
      name: 'completeRequiresAction',
      results: [{ toolCallId: 'c1', output: 'yes' }],
    });
    await waitFor(hold, (chat) => chat.status === 'waiting');
  });

  test.each(['-infinity', '4713-01-01 BC'])('with a deadline at %s has waited long enough', async (deadline) => {
    const id = await waiting(deadline);
    await startReplica();
    await waitFor(id, (chat) => chat.status === 'waiting');
  });

  test('whose deadline lies a month ahead is not cancelled at once', async () => {
    const { rows } = await database.pool.query(`SELECT (now() + interval '31 days')::text AS deadline`);
    const id = await waiting(rows[0]?.deadline);
    const replica = await startReplica();
    await waitFor(id, (chat) => chat.workerId === replica.workerId);
    const other = await store.create({ ownerId, text: '/slow 2' });
    await waitFor(other.id, (chat) => chat.status === 'waiting');
    expect((await readChats(database.pool, [id]))[0]?.status).toBe('requires_action');
  });

  const move = (id: string, deadline: string) =>
    database.pool.query(`UPDATE chats SET requires_action_deadline_at = ${deadline} WHERE id = $1`, [id]);

  test('whose deadline somebody put off by hand is not cancelled at the old one', async () => {
    const id = await waiting('infinity');
    await move(id, `now() + interval '4 seconds'`);
    const old = (await database.pool.query('SELECT requires_action_deadline_at AS at FROM chats WHERE id = $1', [id]))
      .rows;
    const replica = await startReplica({ acquisitionIntervalSeconds: 600 }); // reads no row again by itself
    await waitFor(id, (chat) => chat.workerId === replica.workerId);
    await move(id, `'infinity'`);
    await until(
      'the deadline of old has passed',
      async () => (await database.pool.query('SELECT now() > $1 AS passed', [old[0]?.at])).rows[0]?.passed,
    );
    const other = await store.create({ ownerId, text: '/slow 2' }); // the old deadline would have been acted on by then
    await waitFor(other.id, (chat) => chat.status === 'waiting');
    expect((await readChats(database.pool, [id]))[0]?.status).toBe('requires_action');
  });

  test('whose deadline somebody drew near by hand is cancelled at the new one', async () => {
    const id = await waiting('infinity');
    const replica = await startReplica();
    await waitFor(id, (chat) => chat.workerId === replica.workerId);
    await move(id, `now() + interval '0.1 seconds'`);
    await waitFor(id, (chat) => chat.status === 'waiting');
  });

  test('that somebody archived by hand while it runs is given up', async () => {
    await startReplica();
    const { id } = await store.create({ ownerId, text: '/fail' });
    await waitFor(id, (chat) => chat.generationAttempt === 1);
    await database.pool.query('UPDATE chats SET archived = true WHERE id = $1', [id]);
    await waitFor(id, (chat) => chat.workerId === null);
  });
});

/** Trigger that refuses every write to a chat with this title, for ever. */
const REFUSING = `
  CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF OLD.title = 'refused' THEN RAISE EXCEPTION 'not this one'; END IF;
    RETURN NEW;
  END $$;
  CREATE TRIGGER refuse BEFORE UPDATE ON chats FOR EACH ROW EXECUTE FUNCTION refuse()`;

describe('a chat that cannot be written', () => {
  beforeAll(async () => {
    await database.pool.query(REFUSING);
  });
  const title = `UPDATE chats SET title = 'refused' WHERE id = $1`;

  test('does not keep a worker from taking the others, however many stand before them', async () => {
    await Promise.all(Array.from({ length: 60 }, () => create('hello', title)));
    await startReplica();
    const { id } = await store.create({ ownerId, text: 'hello' });
    await waitFor(id, (chat) => chat.status === 'waiting');
  });

  test('does not keep the others from being handed over', async () => {
    const replica = await startReplica({ staleAfterSeconds: 3600 });
    const [refused, other] = await Promise.all(['/stall', '/stall'].map((text) => store.create({ ownerId, text })));
    if (!refused || !other) throw new Error('no chats');
    for (const { id } of [refused, other]) await waitFor(id, (chat) => chat.generationAttempt === 1);
    await database.pool.query(title, [refused.id]);
    await replica.stop();
    const [held] = await readChats(database.pool, [refused.id]);
    const [free] = await readChats(database.pool, [other.id]);
    expect([held?.workerId, free?.workerId]).toEqual([replica.workerId, null]);
  });
});

test('a chat that cannot be read is an error in its place, between those that can', async () => {
  const ids = await Promise.all(
    ['a', 'b', 'c', 'd', 'e'].map(async (text) => (await store.create({ ownerId, text })).id),
  );
  await database.pool.query(`UPDATE chats SET title = 'unreadable' WHERE id = $1`, [ids[3]]);
  const strict = {
    query: ({ text, ...query }: { text: string }) =>
      database.pool.query({
        ...query,
        name: 'strict-read-chats',
        text: text.replace('chats.archived', `(1 / (chats.title <> 'unreadable')::int) < 0 AS archived`),
      }),
  } as unknown as Pool;
  const read = await readChatsApart(strict, [...ids, NOBODY]);
  expect(read.map((chat) => (chat instanceof Error ? 'error' : chat?.id))).toEqual([
    ...ids.slice(0, 3),
    'error',
    ids[4],
    undefined,
  ]);
});
