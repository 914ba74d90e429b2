import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { toMessageStats } from '../../../subgraphs/database/messageStats.ts';
import { databasePerFile } from '../../support/database.ts';
import { insertChat, insertMessages } from './support/rows.ts';
import { subgraphPerFile } from './support/subgraph.ts';

const database = databasePerFile();
const ask = subgraphPerFile(database);

describe('message statistics', () => {
  test('add up: total is deleted plus the sum of byRole, whatever roles there are', () => {
    const counts = fc.nat({ max: 1_000_000 });
    const rows = fc.uniqueArray(fc.record({ role: fc.string(), kept: counts, deleted: counts }), {
      selector: (r) => r.role,
    });
    fc.assert(
      fc.property(rows, (drawn) => {
        const stats = toMessageStats(drawn.map((row) => ({ chatId: 'c', ...row })));
        expect(stats.total).toBe(stats.deleted + stats.byRole.reduce((sum, { count }) => sum + count, 0));
        expect(stats.byRole.every(({ count }) => count > 0)).toBe(true);
        expect(stats.byRole.map(({ role }) => role)).toEqual(
          drawn
            .filter((r) => r.kept > 0)
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
      stats(4, 3, [{ role: 'tool', count: 1 }]),
    ]);
  });
});
