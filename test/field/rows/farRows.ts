/** Rows that are ahead of the clock: somebody's clock was wrong, or the database's was set back. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { insertChat, insertHeartbeat, insertReplica } from '../../subgraphs/database/support/rows.ts';
import type { Field } from '../support/field.ts';

const text = JSON.stringify([{ type: 'text', text: 'hello' }]);

export function farRows(field: Field): void {
  describe('what is an hour ahead of the clock', () => {
    test('a person’s message: it is not less unanswered for that', async () => {
      const id = await insertChat(field.pool, { updated_at: `now() + interval '1 hour'` });
      await field.pool.query(
        `INSERT INTO chat_messages (chat_id, role, content, created_at) VALUES ($1, 'user', $2, now() + interval '1 hour')`,
        [id, text],
      );
      const seen = await field.diagnose(id);
      expect(seen).toMatchObject({ verdict: 'STUCK', severities: { UNANSWERED: 'CRITICAL', CLOCK_AHEAD: 'WARNING' } });
    });

    test('the row and the lease of a replica that is gone: another one takes its chat', async () => {
      const workerId = await insertReplica(field.pool, { updated_at: `now() + interval '1 hour'` });
      const runnerId = randomUUID();
      const id = await insertChat(field.pool);
      await field.pool.query(`INSERT INTO chat_messages (chat_id, role, content) VALUES ($1, 'user', $2)`, [id, text]);
      await insertHeartbeat(field.pool, id, runnerId, `now() + interval '1 hour'`);
      await field.pool.query(`UPDATE chats SET status = 'running', worker_id = $2, runner_id = $3 WHERE id = $1`, [
        ...[id, workerId, runnerId],
      ]);
      const end = await field.diagnosed(id, 'it is answered', ({ executionState }) => executionState === 'W');
      expect(end.verdict).toBe('IDLE');
      await field.pool.query('DELETE FROM replicas WHERE id = $1', [workerId]);
    });

    test('a runnable row that nobody owns: a worker takes it', async () => {
      const id = await insertChat(field.pool);
      await field.pool.query(`INSERT INTO chat_messages (chat_id, role, content) VALUES ($1, 'user', $2)`, [id, text]);
      await field.pool.query(
        `UPDATE chats SET status = 'running', updated_at = now() + interval '1 hour' WHERE id = $1`,
        [id],
      );
      const end = await field.diagnosed(id, 'it is answered', ({ executionState }) => executionState === 'W');
      expect(end.verdict).toBe('IDLE');
    });

    test('a message that waits in the queue: its age is not taken for new, nor for none', async () => {
      const id = await insertChat(field.pool, {
        status: 'error',
        last_error: JSON.stringify({ kind: 'auth', retryable: false }),
      });
      await field.pool.query(
        `INSERT INTO chat_queued_messages (chat_id, content, position, created_by, created_at)
         VALUES ($1, $2, 1, gen_random_uuid(), now() + interval '1 hour')`,
        [id, text],
      );
      const { database } = await field.chat<{ database: { oldestQueuedAgeSeconds: number } }>(
        id,
        'database { oldestQueuedAgeSeconds }',
      );
      expect(database.oldestQueuedAgeSeconds).toBeLessThan(-3_500);
      expect((await field.diagnose(id)).severities).toMatchObject({ QUEUE_BLOCKED: 'CRITICAL' });
    });
  });
}
