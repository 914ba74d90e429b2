/**
 * Random work on chats, through the state machine and past it: the events alone give the row's state, and no version is
 * missing or told twice.
 */
import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type pg from 'pg';
import { TABLE } from '../../domain/stateMachine.ts';
import { type TransitionName, TransitionRefused } from '../../domain/transitions.ts';
import { ChatStore } from '../../subgraphs/runtime/chatd/chatStore.ts';
import { ChatClient } from '../support/chatClient.ts';
import { eventsOf, expectKept } from '../support/chatEvents.ts';
import { databasePerFile } from '../support/database.ts';
import { MODEL_SEQUENCES } from '../support/scale.ts';

const database = databasePerFile();

const OF_OPERATORS = ['reconcileInvalidState', 'abandon'];

const name = fc.constantFrom(...(Object.keys(TABLE) as TransitionName[]));
const names = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(name) },
  {
    weight: 3,
    arbitrary: fc.constantFrom<TransitionName[]>(['commitStep', 'finishTurn'], ['commitStep', 'enterRequiresAction']),
  },
);
const sequence = fc.array(fc.record({ names, calls: fc.nat(2) }), { minLength: 1, maxLength: 8 });

test(`${MODEL_SEQUENCES / 5} random sequences of transitions, replayed from their events, end where the row does`, async () => {
  const { pool } = database;
  const store = new ChatStore(pool);
  await fc.assert(
    fc.asyncProperty(fc.array(sequence, { minLength: 10, maxLength: 10 }), async (sequences) => {
      await Promise.all(
        sequences.map(async (asked) => {
          const { id } = await store.create({ ownerId: randomUUID(), text: 'hello' });
          const told: string[][] = [['create']];
          for (const { names, calls } of asked) {
            try {
              await new ChatClient(pool, store).ask(id, names, calls);
              told.push([...names]);
            } catch (error) {
              if (!(error instanceof TransitionRefused)) throw error;
            }
          }
          await expectKept(pool, id);
          const events = await eventsOf(pool, id);
          expect(events.map(({ transitions }) => transitions)).toEqual(told);
          expect(events.map(({ by }) => by)).toEqual(
            told.map((names) => (names.some((name) => OF_OPERATORS.includes(name)) ? 'o' : 'p')),
          );
        }),
      );
    }),
    { numRuns: MODEL_SEQUENCES / 50, endOnFailure: true },
  );
}, 600_000);

/** Statements on the chats `$1`, as somebody makes them who knows nothing of versions. */
const BY_HAND = [
  ...['waiting', 'running', 'interrupting', 'requires_action', 'error', 'paused'].map(
    (status) => `UPDATE chats SET status = '${status}' WHERE id = ANY ($1::uuid[])`,
  ),
  'UPDATE chats SET archived = NOT archived WHERE id = ANY ($1::uuid[])',
  'UPDATE chats SET status = status, updated_at = now() WHERE id = ANY ($1::uuid[])',
  'UPDATE chats SET worker_id = gen_random_uuid(), runner_id = gen_random_uuid() WHERE id = ANY ($1::uuid[])',
  'UPDATE chats SET worker_id = NULL, runner_id = NULL WHERE id = ANY ($1::uuid[])',
  'UPDATE chats SET generation_attempt = generation_attempt + 1 WHERE id = ANY ($1::uuid[])',
  `UPDATE chats SET title = title || 'x' WHERE id = ANY ($1::uuid[])`,
  `INSERT INTO chat_queued_messages (chat_id, content, position, created_by)
   SELECT id, '{}', 1, gen_random_uuid() FROM unnest($1::uuid[]) AS id`,
  `DELETE FROM chat_queued_messages WHERE id IN
   (SELECT min(id) FROM chat_queued_messages WHERE chat_id = ANY ($1::uuid[]) GROUP BY chat_id)`,
  'DELETE FROM chat_queued_messages WHERE chat_id = ANY ($1::uuid[])',
  `INSERT INTO chat_messages (chat_id, role, content) SELECT id, 'assistant', '[]' FROM unnest($1::uuid[]) AS id`,
];
const COUNT = 'UPDATE chats SET snapshot_version = snapshot_version + 1 WHERE id = ANY ($1::uuid[])';
const statement = fc.record({ sql: fc.constantFrom(...BY_HAND), of: fc.constantFrom([0], [1], [2], [0, 1, 2]) });
const part = fc.record({
  statements: fc.array(statement, { maxLength: 3 }),
  /** How a savepoint around the statements ends. */
  savepoint: fc.constantFrom('none', 'none', 'release', 'rollback'),
});
const transaction = fc.record({
  parts: fc.array(part, { minLength: 1, maxLength: 3 }),
  counts: fc.boolean(),
  end: fc.constantFrom('COMMIT', 'COMMIT', 'COMMIT', 'ROLLBACK'),
  constraints: fc.constantFrom('DEFERRED', 'DEFERRED', 'IMMEDIATE'),
});
type Work = typeof transaction extends fc.Arbitrary<infer T> ? T : never;

async function work(client: pg.ClientBase, chatIds: readonly string[], { parts, counts, end, constraints }: Work) {
  await client.query('BEGIN');
  await client.query(`SET CONSTRAINTS ALL ${constraints}`);
  if (counts) await client.query(COUNT, [chatIds]);
  for (const { statements, savepoint } of parts) {
    if (savepoint !== 'none') await client.query('SAVEPOINT part');
    for (const { sql, of } of statements) await client.query(sql, [of.map((place) => chatIds[place])]);
    if (savepoint === 'release') await client.query('RELEASE part');
    if (savepoint === 'rollback') await client.query('ROLLBACK TO part');
  }
  await client.query(end);
}

const madeByHand = async (pool: pg.Pool): Promise<string[]> => {
  const { rows } = await pool.query(
    'INSERT INTO chats (owner_id) SELECT gen_random_uuid() FROM generate_series(1, 3) RETURNING id',
  );
  return rows.map(({ id }) => id);
};

test(`${MODEL_SEQUENCES / 5} random transactions by hand, some of them rolled back in part: every version is told once`, async () => {
  const { pool } = database;
  await fc.assert(
    fc.asyncProperty(fc.array(transaction, { minLength: 5, maxLength: 5 }), async (transactions) => {
      const chatIds = await madeByHand(pool);
      const client = await pool.connect();
      try {
        for (const each of transactions) await work(client, chatIds, each);
      } finally {
        client.release();
      }
      for (const id of chatIds) await expectKept(pool, id);
    }),
    { numRuns: MODEL_SEQUENCES / 25, endOnFailure: true },
  );
}, 600_000);

const DEADLOCK = '40P01';

test('the same by four sessions at once, each transaction on one chat', async () => {
  const { pool } = database;
  const session = fc.array(fc.record({ asked: transaction, of: fc.nat(2) }), { minLength: 3, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(fc.array(session, { minLength: 4, maxLength: 4 }), async (sessions) => {
      const chatIds = await madeByHand(pool);
      await Promise.all(
        sessions.map(async (transactions) => {
          const client = await pool.connect();
          try {
            for (const { asked, of } of transactions) {
              await work(client, Array(3).fill(chatIds[of]), asked).catch(async (error: pg.DatabaseError) => {
                expect(error.code).toBe(DEADLOCK); // sessions that lock the queue before the chat may meet one
                await client.query('ROLLBACK');
              });
            }
          } finally {
            client.release();
          }
        }),
      );
      for (const id of chatIds) await expectKept(pool, id);
    }),
    { numRuns: MODEL_SEQUENCES / 50, endOnFailure: true },
  );
}, 600_000);
