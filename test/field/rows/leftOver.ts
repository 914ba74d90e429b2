/** Leases that are of no use any more. They are made before the tests, since the clean-up takes its time. */
import { randomUUID } from 'node:crypto';
import { beforeAll, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import type { Field } from '../support/field.ts';

/** Each replica cleans up once a minute. */
const CLEAN_UP_LIMIT_MS = 150_000;
const OLD_LEASES = 3_000;
const OWNED_LEASES = 1_200;

export function leftOver(field: Field): void {
  const ownerId = randomUUID();
  beforeAll(async () => {
    await field.pool.query(
      `WITH rest AS (
         INSERT INTO chats (owner_id, title, runner_id, worker_id)
         SELECT $1, 'at rest', gen_random_uuid(), gen_random_uuid() FROM generate_series(1, ${OWNED_LEASES}) RETURNING id, runner_id
       ), named AS (
         INSERT INTO chat_heartbeats (chat_id, runner_id, heartbeat_at)
         SELECT id, runner_id, now() - interval '2 days' FROM rest
       )
       INSERT INTO chat_heartbeats (chat_id, runner_id, heartbeat_at)
       SELECT id, gen_random_uuid(), now() - interval '1 day' FROM rest, generate_series(1, ${OLD_LEASES / OWNED_LEASES + 1}) LIMIT ${OLD_LEASES}`,
      [ownerId],
    );
  });

  test('25: leases of chats at rest do not keep the clean-up from those that nobody names', async () => {
    const left = async () => {
      const { rows } = await field.pool.query<{ count: number }>(
        `SELECT count(*)::int AS count FROM chat_heartbeats beat JOIN chats ON chats.id = beat.chat_id
         WHERE chats.owner_id = $1 AND chats.runner_id <> beat.runner_id`,
        [ownerId],
      );
      return rows[0]?.count;
    };
    await eventually('the others are gone', left, (count) => count === 0, CLEAN_UP_LIMIT_MS);
  });
}
