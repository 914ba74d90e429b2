/** Rows, leases and retries ahead of the clock, with living owners. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../common/clock.ts';
import { insertChat, insertHeartbeat } from '../../subgraphs/database/support/rows.ts';
import { wordsOf } from '../support/diagnosed.ts';
import type { Field } from '../support/field.ts';
import { createStalled } from './stalled.ts';

/** Keeps a lease fresh, as a live worker does, while `work` runs. */
async function whileBeating<T>(field: Field, id: string, runnerId: string, work: () => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const beat = async () => {
    while (!stop.signal.aborted) {
      await field.pool.query('UPDATE chat_heartbeats SET heartbeat_at = now() WHERE chat_id = $1 AND runner_id = $2', [
        id,
        runnerId,
      ]);
      await systemClock.sleep(200, stop.signal);
    }
  };
  const beating = beat();
  try {
    return await work();
  } finally {
    stop.abort();
    await beating;
  }
}

/** A running chat of a live replica that has no runner for it, with a lease that stands there at once. @param at SQL */
async function insertOwned(field: Field, { updatedAt, beatAt }: { updatedAt: string; beatAt: string }) {
  const [workerId = ''] = await field.aliveReplicas();
  const runnerId = randomUUID();
  const id = await insertChat(field.pool, { updated_at: updatedAt });
  await field.pool.query(
    `INSERT INTO chat_messages (chat_id, role, content) VALUES ($1, 'user', '[{"type":"text","text":"hello"}]')`,
    [id],
  );
  await insertHeartbeat(field.pool, id, runnerId, beatAt);
  await field.pool.query(`UPDATE chats SET status = 'running', worker_id = $2, runner_id = $3 WHERE id = $1`, [
    id,
    workerId,
    runnerId,
  ]);
  return { id, workerId, runnerId };
}

export function ahead(field: Field): void {
  describe('13: a row that is an hour ahead of the clock', () => {
    test('is settled: its owner, alive and without a runner, is found out', async () => {
      const { id, runnerId } = await insertOwned(field, { updatedAt: `now() + interval '1 hour'`, beatAt: 'now()' });
      await whileBeating(field, id, runnerId, async () => {
        const seen = await field.found(id, 'CLOCK_AHEAD');
        expect(seen).toMatchObject({
          verdict: 'STUCK',
          severities: { CLOCK_AHEAD: 'WARNING', RUNNER_MISSING: 'CRITICAL' },
        });
        const { database } = await field.chat<{ database: { updatedAgeSeconds: number } }>(
          id,
          'database { updatedAgeSeconds }',
        );
        expect(database.updatedAgeSeconds).toBeLessThan(-3_500);
        expect(await field.suspects()).toContain(id);
      });
    });

    test('and a lease that is an hour ahead is not fresh: a worker takes the chat', async () => {
      const { id } = await insertOwned(field, { updatedAt: 'now()', beatAt: `now() + interval '1 hour'` });
      const end = await field.diagnosed(id, 'it is answered', ({ executionState }) => executionState === 'W');
      expect(end.verdict).toBe('IDLE');
    });
  });

  test('24: a retry that is due in 2099 is overdue: no worker waits that long', async () => {
    const id = await createStalled(field);
    const retry = { attempt: 2, error: 'Too many requests', kind: 'rate_limit', retrying_at: '2099-01-01T00:00:00Z' };
    await field.pool.query('UPDATE chats SET retry_state = $2 WHERE id = $1', [id, retry]);
    const seen = await field.diagnose(id);
    expect(seen).toMatchObject({ verdict: 'STUCK', severities: { RETRY_OVERDUE: 'CRITICAL' } });
    expect(wordsOf(seen, 'RETRY_OVERDUE')).not.toContain('has been due for');
    expect(await field.suspects()).toContain(id);
    await field.store.apply(id, { name: 'interrupt' });
  });
}
