/** A chat that its owners lose one after the other. */
import { expect, test } from '@jest/globals';
import { systemClock } from '../../../common/clock.ts';
import { wordsOf } from '../support/diagnosed.ts';
import { eventually } from '../support/eventually.ts';
import type { Field } from '../support/field.ts';
import { createStalled } from './stalled.ts';

export function handOvers(field: Field): void {
  test('8: a chat that twelve owners lose one after the other, 1.5 s apart, is OWNERS_LOST and a suspect', async () => {
    const id = await createStalled(field);
    for (let handOver = 0; handOver < 12; handOver += 1) {
      const runner = await field.column(id, 'runner_id');
      // The owner's event loop stands still, so that its lease grows old.
      const age = async () => {
        await field.pool.query(
          `UPDATE chat_heartbeats SET heartbeat_at = now() - interval '1 minute' WHERE chat_id = $1 AND runner_id = $2`,
          [id, runner],
        );
        return field.column(id, 'runner_id');
      };
      await eventually('another owner takes it', age, (now) => now !== runner);
      await systemClock.sleep(1_500);
    }
    const seen = await field.found(id, 'OWNERS_LOST', 5_000);
    expect(seen).toMatchObject({ executionState: 'R0', verdict: 'STUCK', severities: { OWNERS_LOST: 'CRITICAL' } });
    expect(wordsOf(seen, 'OWNERS_LOST')).toMatch(/interrupt/);
    expect(wordsOf(seen, 'OWNERS_LOST')).not.toContain('--action release');
    expect(await field.suspects()).toContain(id);
    await field.store.apply(id, { name: 'interrupt' });
  });
}
