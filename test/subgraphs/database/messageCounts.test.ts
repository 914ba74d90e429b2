import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { toMessageStats } from '../../../subgraphs/database/questions/messageCounts.ts';
import { databasePerFile } from '../../support/database.ts';
import { insertChat, insertMessages } from './support/rows.ts';
import { subgraphPerFile } from './support/subgraph.ts';

const database = databasePerFile();
const ask = subgraphPerFile(database);

describe('message statistics', () => {
  test('add up: total is deleted plus the sum of byRole, whatever roles there are', () => {
    const kinds = fc.record({
      role: fc.string(),
      deleted: fc.boolean(),
      count: fc.integer({ min: 1, max: 1_000_000 }),
    });
    const rows = fc.uniqueArray(kinds, { selector: ({ role, deleted }) => `${role} ${deleted}` });
    fc.assert(
      fc.property(rows, (drawn) => {
        const stats = toMessageStats(drawn.map((row) => ({ chatId: 'c', ...row })));
        expect(stats.total).toBe(stats.deleted + stats.byRole.reduce((sum, { count }) => sum + count, 0));
        expect(stats.total).toBe(drawn.reduce((sum, { count }) => sum + count, 0));
        expect(stats.byRole.map(({ role }) => role)).toEqual(
          drawn
            .filter((r) => !r.deleted)
            .map((r) => r.role)
            .sort(),
        );
      }),
    );
  });

  test('belong to their chat, with zeros for one without messages', async () => {
    const chats = [await insertChat(database.pool), await insertChat(database.pool), await insertChat(database.pool)];
    const [first = '', , third = ''] = chats;
    await insertMessages(database.pool, first, 'user', 2);
    await insertMessages(database.pool, third, 'tool', 1);
    await insertMessages(database.pool, third, 'tool', 2, true);
    await insertMessages(database.pool, third, 'system', 3, true);
    const { data } = await ask(
      'query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { database { messageStats { total deleted byRole { role count } } } } }',
      { ids: chats },
    );
    const stats = (total: number, deleted: number, byRole: unknown[]) => ({
      database: { messageStats: { total, deleted, byRole } },
    });
    expect(data?.chatDebugSnapshots).toEqual([
      stats(2, 0, [{ role: 'user', count: 2 }]),
      stats(0, 0, []),
      stats(6, 5, [{ role: 'tool', count: 1 }]),
    ]);
  });
});
