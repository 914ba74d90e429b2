/** A chat at rest that names an owner which is gone. */
import { expect, test } from '@jest/globals';
import { insertReplica } from '../../subgraphs/database/support/rows.ts';
import { eventually } from '../support/eventually.ts';
import type { Field } from '../support/field.ts';

export function stoppedOwner(field: Field): void {
  test('20: a chat at rest that names a stopped owner is answered when the person sends, and is never said to be stuck', async () => {
    const id = await field.createAtRest();
    const stopped = await insertReplica(field.pool, { stopped_at: 'now()' });
    await field.pool.query('UPDATE chats SET worker_id = $2, runner_id = gen_random_uuid() WHERE id = $1', [
      id,
      stopped,
    ]);
    await field.send(id, 'and again');
    const verdicts: string[] = [];
    await eventually(
      'it is answered',
      async () => {
        const { verdict, executionState } = await field.look(id);
        verdicts.push(verdict);
        return executionState;
      },
      (state) => state === 'W',
    );
    expect(verdicts).not.toContain('STUCK');
  });
}
