import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from '@jest/globals';
import pg from 'pg';
import { createDatabase } from '../support/database.ts';
import { createReader, createTables, dropReader, type Variant } from './tables.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const VARIANTS: readonly (readonly [string, Variant, columnsOfChats: number])[] = [
  ['the newest release', {}, 47],
  ['a release before the debug log', { hasDebugLog: false }, 47],
  ['a release with the statuses that were removed', { hasLegacyStatuses: true }, 47],
  ['the proposal to pause', { pauses: true }, 47],
  ['the draft that moves the versions', { movesVersions: true }, 41],
];

test.each(VARIANTS)(
  '%s has the chat whole in its view, and a reader may read that and nothing beside',
  async (_name, variant, columns) => {
    const database = await createDatabase('template0');
    closing.push(database.drop);
    await createTables(database.pool, variant);
    const role = `reader_${randomUUID().replaceAll('-', '')}`;
    const url = await createReader(database, role, ['chat_messages']);
    closing.push(() => dropReader(database.pool, role));
    const { rows } = await database.pool.query<{ chats: number; expanded: number }>(`
    SELECT count(*) FILTER (WHERE attrelid = 'chats'::regclass)::int4 AS chats,
           count(*) FILTER (WHERE attrelid = 'chats_expanded'::regclass)::int4 AS expanded
    FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped`);
    expect(rows).toEqual([{ chats: columns, expanded: 49 }]);

    const reader = new pg.Client(url);
    await reader.connect();
    closing.push(() => reader.end());
    expect((await reader.query('SELECT snapshot_version, history_version FROM chats_expanded')).rows).toEqual([]);
    await expect(reader.query('SELECT id FROM chat_messages')).rejects.toMatchObject({ code: '42501' });
    await expect(reader.query('SELECT email FROM users')).rejects.toMatchObject({ code: '42501' });
    await expect(reader.query('DELETE FROM chats')).rejects.toMatchObject({ code: '42501' });
  },
);
