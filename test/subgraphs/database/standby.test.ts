/** A hot standby, where everything but the unlogged lease table can be read. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import pg from 'pg';
import { systemClock } from '../../../common/clock.ts';
import { freePort } from '../../../local/ports.ts';
import { startPostgres } from '../../../local/postgres/embeddedPostgres.ts';
import { applyMigrations } from '../../../prisma/migrations.ts';
import { insertHealthyChat } from './support/rows.ts';
import { asking, start } from './support/subgraph.ts';

test('leases are unknown there, not missing, and no chat is suspect for that', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'chat-debug-standby-'));
  const folder = join(parent, 'postgres');
  const port = await freePort(systemClock);
  const options = { folder, port, password: 'test', settings: { fsync: 'off' } };
  try {
    const primary = await startPostgres(options, systemClock);
    const pool = new pg.Pool({ connectionString: primary.url });
    pool.on('error', () => {}); // `end` resolves before the connections are closed; the server ends them then
    const migrating = await pool.connect();
    await applyMigrations(migrating);
    migrating.release();
    const ownerId = randomUUID();
    const { id, workerId } = await insertHealthyChat(pool, { owner_id: ownerId });
    await pool.end();
    await primary.stop();

    writeFileSync(join(folder, 'standby.signal'), '');
    const standby = await startPostgres(options, systemClock);
    const server = await start({ databaseUrl: standby.url, staleAfterSeconds: 3600, noProgressSeconds: 3600 });
    try {
      const chats = (filter: string) =>
        `chats(filter: { ownerId: "${ownerId}", ${filter} }) { edges { node { chatId } } }`;
      const { data, errors } = await asking(() => server.url)(`{
        chatDebugSnapshot(chatId: "${id}") {
          executionState runtime { workerId }
          database { heartbeatsReadable heartbeatState heartbeat { runnerId } heartbeats { runnerId } messageStats { total } }
        }
        suspect: ${chats('suspect: true')} fine: ${chats('suspect: false')}
        fresh: ${chats('heartbeat: FRESH')} stale: ${chats('heartbeat: STALE')} missing: ${chats('heartbeat: MISSING')}
      }`);
      expect(errors).toEqual([]);
      expect(data).toEqual({
        chatDebugSnapshot: {
          executionState: 'R0',
          runtime: { workerId },
          database: {
            heartbeatsReadable: false,
            heartbeatState: null,
            heartbeat: null,
            heartbeats: [],
            messageStats: { total: 0 },
          },
        },
        suspect: { edges: [] },
        fine: { edges: [{ node: { chatId: id } }] },
        fresh: { edges: [] },
        stale: { edges: [] },
        missing: { edges: [] },
      });
    } finally {
      await server.stop();
      await standby.stop();
    }
  } finally {
    rmSync(parent, { recursive: true });
  }
});
