/** Trouble of a chat as a hot standby tells it, and forgotten prepared transactions. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import pg from 'pg';
import { systemClock } from '../../../common/clock.ts';
import { freePort } from '../../../local/ports.ts';
import { type EmbeddedPostgres, startPostgres } from '../../../local/postgres/embeddedPostgres.ts';
import { applyMigrations } from '../../../prisma/migrations.ts';
import { insertChat, insertHealthyChat, insertMessage, text } from './support/rows.ts';
import { asking, start } from './support/subgraph.ts';

const FIELDS = `executionState candidates { workerId } database { unreadable oldestQueuedAgeSeconds
  lastMessage { role hasText } turn { steps toolCalls } openCalls { id } lostChildren { chatId }
  trouble { canWrite isInRecovery ownerRow rowLocked rowLockedSeconds lockedBy { processId applicationName state } } }`;

async function asked(server: EmbeddedPostgres, ids: readonly string[]) {
  const subgraph = await start({ databaseUrl: server.url });
  try {
    const query = `query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { ${FIELDS} } database { canWrite isInRecovery missing } }`;
    const { data, errors } = await asking(() => subgraph.url)(query, { ids });
    expect(errors).toEqual([]);
    return data as { chatDebugSnapshots: unknown[]; database: unknown };
  } finally {
    await subgraph.stop();
  }
}

test('a prepared transaction holds a row for ever; a standby knows no locks, and takes no writes only if workers are there', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'chat-debug-standby-'));
  const folder = join(parent, 'postgres');
  const port = await freePort(systemClock);
  const settings = { fsync: 'off', max_prepared_transactions: '2' };
  const options = { folder, port, password: 'test', settings };
  try {
    const primary = await startPostgres(options, systemClock);
    const pool = new pg.Pool({ connectionString: primary.url });
    pool.on('error', () => {}); // `end` resolves before the connections are closed; the server ends them then
    const client = await pool.connect();
    await applyMigrations(client);
    const unowned = await insertChat(pool, { status: 'running', updated_at: "now() - interval '1 min'" });
    const { id: owned } = await insertHealthyChat(pool, { updated_at: "now() - interval '1 min'" });
    await insertMessage(pool, owned, 'user', [text('x')]);
    await client.query('BEGIN');
    await client.query('SELECT FROM chats WHERE id = $1 FOR UPDATE', [unowned]);
    await client.query(`PREPARE TRANSACTION '${randomUUID()}'`);
    client.release();
    await pool.end();
    const here = await asked(primary, [unowned, owned]);
    const lockedBy = { processId: null, applicationName: null, state: 'prepared transaction' };
    expect(here.chatDebugSnapshots).toMatchObject([
      { database: { trouble: { canWrite: true, rowLocked: true, rowLockedSeconds: expect.any(Number), lockedBy } } },
      { database: { trouble: { canWrite: true, rowLocked: false, ownerRow: 'ALIVE' } } },
    ]);
    await primary.stop();

    writeFileSync(join(folder, 'standby.signal'), '');
    const standby = await startPostgres(options, systemClock);
    try {
      const unknown = { isInRecovery: true, rowLocked: null, rowLockedSeconds: null, lockedBy: null };
      const nothing = { unreadable: [], oldestQueuedAgeSeconds: null, openCalls: [], lostChildren: [] };
      const expected = (canWrite: boolean | null) => ({
        chatDebugSnapshots: [
          {
            ...{ executionState: 'R0', candidates: [{ workerId: expect.any(String) }] },
            database: { ...nothing, lastMessage: null, turn: null, trouble: { ...unknown, canWrite, ownerRow: null } },
          },
          {
            ...{ executionState: 'R0', candidates: [] },
            database: {
              ...{ ...nothing, lastMessage: { role: 'user', hasText: true }, turn: { steps: 0, toolCalls: 0 } },
              trouble: { ...unknown, canWrite, ownerRow: 'ALIVE' },
            },
          },
        ],
        database: { canWrite: false, isInRecovery: true, missing: [] },
      });
      expect(await asked(standby, [unowned, owned])).toEqual(expected(null));
      const worker = new pg.Client({ connectionString: standby.url, application_name: `chatd ${randomUUID()}` });
      await worker.connect();
      expect(await asked(standby, [unowned, owned])).toEqual(expected(false));
      await worker.end();
    } finally {
      await standby.stop();
    }
  } finally {
    rmSync(parent, { recursive: true });
  }
});
