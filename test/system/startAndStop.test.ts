import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import { systemClock } from '../../common/clock.ts';
import { runScript } from '../support/command.ts';
import { createDatabase } from '../support/database.ts';
import { isTaken } from '../support/isTaken.ts';
import { until } from '../support/until.ts';
import { processesOn } from './processes.ts';
import { snapshotOf, snapshotUntil } from './snapshot.ts';
import { MARGIN_MS, type System, systemsPerFile } from './system.ts';

jest.setTimeout(120_000);

const STOP_LIMIT_MS = 5_000;
/** Milliseconds in which the processes of a killed parent notice it, and end in order. */
const NOTICE_LIMIT_MS = 8_000;

const systems = systemsPerFile();

/** Every port of this machine that it has named. */
const portsOf = ({ output }: System) => [
  ...new Set(Array.from(output().matchAll(/127\.0\.0\.1:(\d+)/g), ([, port]) => Number(port))),
];

const takenOf = async (ports: number[]) => {
  const taken = await Promise.all(ports.map(isTaken));
  return ports.filter((_, i) => taken[i]);
};

describe('npm start', () => {
  test('stops all of it at Ctrl-C, brings the chats back at the next start, and takes everything along when it is killed', async () => {
    const first = await systems.start();
    const ports = portsOf(first);
    expect(ports).toHaveLength(8); // Postgres, database subgraph, three replicas, recorder, operator, gateway
    expect(await takenOf(ports)).toEqual(ports);
    expect(processesOn(systems.dataDir).length).toBeGreaterThanOrEqual(10); // the same, npm start, the keeper of Postgres
    const done = await first.run('dist/cli/chat.js', 'create', 'hello');
    await snapshotUntil(first, done, ({ executionState }) => executionState === 'W');
    const busy = await first.run('dist/cli/chat.js', 'create', '/slow 600');
    const before = await snapshotUntil(first, busy, ({ runtime }) => runtime?.runners?.length === 1);

    const toldMs = systemClock.monotonicMs();
    first.kill('SIGINT');
    expect(await first.ended).toEqual({ code: 0, signal: null });
    expect(systemClock.monotonicMs() - toldMs).toBeLessThan(STOP_LIMIT_MS + MARGIN_MS);
    expect(first.output()).not.toContain('was killed');
    expect(processesOn(systems.dataDir)).toEqual([]);
    expect(await takenOf(ports)).toEqual([]);

    const second = await systems.start();
    expect(second.ownerId).toBe(first.ownerId);
    const withTheOldToken = { ...second, token: first.token };
    expect((await snapshotOf(withTheOldToken, done)).chat).toMatchObject({
      executionState: 'W',
      database: { messageStats: { total: 2 } },
    });
    const after = await snapshotUntil(second, busy, ({ runtime }) => runtime?.runners?.length === 1);
    expect(after.database.workerId).not.toBe(before.database.workerId);
    expect(after.database.messageStats).toMatchObject({ total: 1 });

    const killedMs = systemClock.monotonicMs();
    second.kill('SIGKILL');
    expect(await second.ended).toEqual({ code: null, signal: 'SIGKILL' });
    await until('no process is left', () => processesOn(systems.dataDir).length === 0);
    expect(systemClock.monotonicMs() - killedMs).toBeLessThan(NOTICE_LIMIT_MS + MARGIN_MS);
    expect(await takenOf(portsOf(second))).toEqual([]);
  });

  test("does not touch a database with somebody else's tables, says what it found, and leaves nothing behind", async () => {
    const foreign = await createDatabase('template0');
    const dataDir = join(systems.dataDir, 'foreign');
    try {
      await foreign.pool.query(`CREATE TABLE chats (id int); INSERT INTO chats VALUES (1)`);
      const { code, stdout, stderr } = await runScript('dist/system.js', [], {
        DATA_DIR: dataDir,
        DATABASE_URL: foreign.url,
        PORT: '0',
      });
      expect(code).toBe(1);
      expect(stderr).toContain('found the tables chats, and no record of a migration. Nothing was changed');
      expect(`${stdout}${stderr}`).not.toMatch(/ready|\n\s+at /);
      expect(processesOn(dataDir)).toEqual([]);
      expect(readdirSync(dataDir).toSorted()).toEqual(['lock', 'secrets.json']);
      const tables = await foreign.pool.query(`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`);
      expect(tables.rows).toEqual([{ tablename: 'chats' }]);
      expect((await foreign.pool.query('SELECT * FROM chats')).rows).toEqual([{ id: 1 }]);
    } finally {
      await foreign.drop();
    }
  });
});
