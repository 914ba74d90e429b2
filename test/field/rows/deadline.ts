/** A hold without a deadline, as people make it by hand. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { Field } from '../support/field.ts';

export function holdWithoutDeadline(field: Field, replicas: number): void {
  describe('1: a chat that waits for a tool without a deadline', () => {
    test('says so, its neighbours are whole, and every command works', async () => {
      const ownerId = randomUUID();
      const neighbour = await field.createAtRest('hello', { ownerId });
      const id = await field.create('/tool ask', { ownerId });
      await field.diagnosed(id, 'it waits', ({ executionState }) => executionState === 'A0');
      await field.pool.query(
        `UPDATE chats SET requires_action_deadline_at = 'infinity', snapshot_version = snapshot_version + 1, updated_at = now() WHERE id = $1`,
        [id],
      );

      const query = `query ($owner: UUID!) { chats(filter: { ownerId: $owner }) { edges { node {
        chatId executionState database { requiresActionSecondsLeft } diagnosis { verdict } } } } }`;
      const { data, errors } = await field.ask(query, { owner: ownerId });
      expect({ data, errors }).toEqual({
        errors: [],
        data: {
          chats: {
            edges: [
              {
                node: {
                  chatId: id,
                  executionState: 'A0',
                  database: { requiresActionSecondsLeft: null },
                  diagnosis: { verdict: 'WAITING' },
                },
              },
              {
                node: {
                  chatId: neighbour,
                  executionState: 'W',
                  database: { requiresActionSecondsLeft: null },
                  diagnosis: { verdict: 'IDLE' },
                },
              },
            ],
          },
        },
      });
      expect((await field.diagnose(id)).severities).toEqual({ ACTION_PENDING: 'INFO' });
      expect((await field.chatDebug('stuck')).code).not.toBe(2);
      const runtime = 'runtime { databaseSync { consecutiveFailures } acquisition { consecutiveFailures } }';
      const sync = await field.ask<{ replicas: object[] }>(`{ replicas(alive: true) { ${runtime} } }`);
      const well = { databaseSync: { consecutiveFailures: 0 }, acquisition: { consecutiveFailures: 0 } };
      expect(sync.data?.replicas).toEqual(Array(replicas).fill({ runtime: well }));
      const show = await field.chatCommand('show', id);
      expect(show.code).toBe(0);
      const [, call] = /^open call (\S+) of ask$/m.exec(show.stdout) ?? [];
      expect(await field.chatCommand('list', '--owner', ownerId)).toMatchObject({
        code: 0,
        stdout: expect.stringContaining(id),
      });
      expect(await field.chatCommand('tool-result', id, `${call}=42`)).toMatchObject({ code: 0, stderr: '' });
      const end = await field.diagnosed(id, 'it is answered', ({ executionState }) => executionState === 'W');
      expect(end.verdict).toBe('IDLE');
    });
  });
}
