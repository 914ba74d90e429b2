/** Families in which the parent waits for nothing. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { insertChat } from '../../subgraphs/database/support/rows.ts';
import { wordsOf } from '../support/diagnosed.ts';
import type { Field } from '../support/field.ts';

export function children(field: Field): void {
  describe('17: a parent that waits for children that will not answer', () => {
    const LOST = [
      ['INVALID', `status = 'paused'`],
      ['E0', `status = 'error', last_error = '{"kind": "auth", "retryable": false}'`],
      ['XW', 'archived = true'],
    ] as const;
    test.each(LOST)('one that is %s is named', async (state, change) => {
      const ownerId = randomUUID();
      const parent = await field.create('/tool ask', { ownerId });
      await field.diagnosed(parent, 'it waits', ({ executionState }) => executionState === 'A0');
      const child = async () => {
        const id = await insertChat(field.pool, { owner_id: ownerId, title: 'a child' });
        await field.pool.query('UPDATE chats SET parent_chat_id = $2, root_chat_id = $2 WHERE id = $1', [id, parent]);
        return id;
      };
      const [well, lost] = [await child(), await child()];
      await field.pool.query(`UPDATE chats SET ${change} WHERE id = $1`, [lost]);

      const seen = await field.found(parent, 'CHILD_LOST');
      expect(seen).toMatchObject({ verdict: 'WAITING', severities: { CHILD_LOST: 'WARNING', ACTION_PENDING: 'INFO' } });
      expect(wordsOf(seen, 'CHILD_LOST')).toContain(lost);
      const fields =
        'database { lostChildren { chatId executionState } children { edges { node { chatId executionState } } } }';
      const { database } = await field.chat<{
        database: { lostChildren: object[]; children: { edges: { node: object }[] } };
      }>(parent, fields);
      expect(database.lostChildren).toEqual([{ chatId: lost, executionState: state }]);
      expect(database.children.edges.map(({ node }) => node)).toEqual(
        expect.arrayContaining([
          { chatId: well, executionState: 'W' },
          { chatId: lost, executionState: state },
        ]),
      );
      const listed = await field.ask(
        'query ($id: UUID!) { chats(filter: { parentChatId: $id }) { edges { node { chatId } } } }',
        { id: parent },
      );
      expect(JSON.stringify(listed.data)).toContain(well);
      expect(await field.suspects()).toContain(parent);
    });
  });
}
