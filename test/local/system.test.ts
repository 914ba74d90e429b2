import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { decodeJwt, jwtVerify } from 'jose';
import pg from 'pg';
import { systemClock } from '../../common/clock.ts';
import { freePort } from '../../local/ports.ts';
import type { ProcessSpec } from '../../local/supervisor/childProcess.ts';
import type { Wiring } from '../../local/supervisor/processes.ts';
import { runSystem, type SystemSettings } from '../../local/system.ts';
import { readSystemFile, type SystemFile } from '../../local/systemFile.ts';
import { createDatabase } from '../support/database.ts';
import type { Behaviour } from './children/server.ts';
import { folderPerTest } from './temporaryFolder.ts';

const systems: { stop(): Promise<unknown> }[] = [];
const folder = folderPerTest(() => Promise.all(systems.splice(0).map((system) => system.stop())));

const diary = () => join(folder.path, 'diary');
const entries = () => (existsSync(diary()) ? readFileSync(diary(), 'utf8').trim().split('\n') : []);

function server(name: string, behaviour: Partial<Behaviour> = {}): ProcessSpec {
  const message: Behaviour = { name, diary: diary(), ...behaviour };
  return {
    name,
    script: new URL('../../dist/test/local/children/server.js', import.meta.url),
    environment: {},
    message,
  };
}

/** Runs the system of `npm start`, with other processes beside Postgres. */
function run(
  changes: Partial<SystemSettings> = {},
  servers: (wiring: Wiring) => ProcessSpec[] = () => [server('one')],
) {
  const stopping = new AbortController();
  const lines: string[] = [];
  let running = (_system: SystemFile) => {};
  const up = new Promise<SystemFile>((resolve) => {
    running = resolve;
  });
  const settings = {
    ...{ dataDir: join(folder.path, 'data'), databaseUrl: undefined, host: '127.0.0.1', port: 0 },
    ...{
      databaseSubgraphPort: 0,
      recorderPort: 0,
      operatorPort: 0,
      authSecret: undefined,
      internalSecret: undefined,
      ...changes,
    },
  };
  const report = (line: string) => lines.push(line);
  const ended = runSystem(settings, {
    ...{ clock: systemClock, signal: stopping.signal, servers, report, onRunning: running },
  });
  /** Rejects if the start fails. */
  const found = Promise.race([up, ended.then(() => Promise.reject(new Error('it ended')))]);
  for (const promise of [ended, found]) promise.catch(() => {}); // each test waits for one of them
  const system = {
    lines,
    ended,
    up: found,
    stop: () => {
      stopping.abort();
      return ended.catch(() => {}); // its test has looked at how it ended
    },
  };
  systems.push(system);
  return system;
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('the whole system on one machine', () => {
  test('can be found and used while it runs, and leaves nothing but its data when it is told to stop', async () => {
    const wirings: Wiring[] = [];
    const system = run({}, (wiring) => {
      wirings.push(wiring);
      return [server('one'), server('two')];
    });
    const found = await system.up;
    const dataDir = join(folder.path, 'data');
    expect(readSystemFile(dataDir)).toEqual(found);
    expect(statSync(join(dataDir, 'system.json')).mode & 0o777).toBe(0o600);
    const { payload } = await jwtVerify(found.token, new TextEncoder().encode(found.authSecret));
    expect(payload).toMatchObject({
      sub: found.ownerId,
      roles: ['chat-debug:read-all', 'chat-debug:operate', 'chat-debug:audit'],
    });
    expect(wirings[0]).toMatchObject({ databaseUrl: found.databaseUrl, authSecret: found.authSecret });
    expect(found.gatewayUrl).toBe(`http://127.0.0.1:${wirings[0]?.gatewayPort}`);
    expect(await query(found.databaseUrl, 'SELECT count(*)::int AS chats FROM chats')).toEqual([{ chats: 0 }]);

    const shown = system.lines.join('\n');
    expect(shown).toMatch(/^Postgres is ready: postgres:\/\/127\.0\.0\.1:\d+\/postgres, process \d+$/m);
    expect(shown).not.toContain(new URL(found.databaseUrl).password);

    await system.stop();
    await system.ended;
    expect(readSystemFile(dataDir)).toBeUndefined();
    expect(entries().slice(2).toSorted()).toEqual(['one stopped', 'two stopped']);
    await expect(query(found.databaseUrl, 'SELECT')).rejects.toThrow('ECONNREFUSED');
    expect(existsSync(join(dataDir, 'postgres', 'postmaster.pid'))).toBe(false);
  });

  test('started again, has the same data, the same secrets and the same person', async () => {
    const first = run();
    const before = await first.up;
    await query(before.databaseUrl, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.stop();
    const second = run();
    const after = await second.up;
    expect(await query(after.databaseUrl, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    const { authSecret, internalSecret, ownerId } = before;
    expect(after).toMatchObject({ authSecret, internalSecret, ownerId });
    expect(second.lines.join('\n')).not.toContain('migrations applied');
  });

  test('takes the secrets of the environment before its own', async () => {
    const secrets = { authSecret: 'a'.repeat(32), internalSecret: 'b'.repeat(32) };
    const migrated = await createDatabase();
    try {
      expect(await run({ ...secrets, databaseUrl: migrated.url }).up).toMatchObject(secrets);
    } finally {
      await migrated.drop();
    }
  });

  test('runs beside another one with another DATA_DIR, but not on the same', async () => {
    const one = await run().up;
    await expect(run().ended).rejects.toThrow(`is in use by process ${process.pid}`);
    const other = await run({ dataDir: join(folder.path, 'other') }).up;
    expect(other.databaseUrl).not.toBe(one.databaseUrl);
    expect(decodeJwt(other.token).sub).not.toBe(decodeJwt(one.token).sub);
    expect(await query(one.databaseUrl, 'SELECT 1 AS alive')).toEqual([{ alive: 1 }]);
  });

  test('one process that cannot start is named, and nothing of the rest stays', async () => {
    const databases: string[] = [];
    const system = run({}, ({ databaseUrl }) => {
      databases.push(databaseUrl);
      return [server('one'), server('gateway', { failsWith: 1 })];
    });
    await expect(system.ended).rejects.toThrow('gateway could not start: it ended with exit code 1.');
    await expect(query(databases[0] ?? '', 'SELECT')).rejects.toThrow('ECONNREFUSED');
    expect(readSystemFile(join(folder.path, 'data'))).toBeUndefined();
    await run().up; // the lock is free
  });

  test('told to stop while it starts, leaves nothing', async () => {
    const system = run();
    await system.stop();
    await expect(system.ended).rejects.toThrow();
    expect(entries()).toEqual([]);
    await run().up;
  });

  test.each([
    ['port', 'PORT'],
    ['databaseSubgraphPort', 'DATABASE_SUBGRAPH_PORT'],
    ['recorderPort', 'RECORDER_PORT'],
    ['operatorPort', 'OPERATOR_PORT'],
  ])('a %s that is taken is an error before anything is started', async (setting, name) => {
    const port = await freePort(systemClock);
    const other = createServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    try {
      await expect(run({ [setting]: port }).ended).rejects.toThrow(
        `Cannot use port ${port} on 127.0.0.1: another program listens there. Set ${name} or HOST to another one.`,
      );
      expect(existsSync(join(folder.path, 'data', 'postgres'))).toBe(false);
    } finally {
      other.close();
      await once(other, 'close');
    }
  });

  test('on a database of somebody else it starts no process and changes nothing', async () => {
    const foreign = await createDatabase('template0');
    try {
      await foreign.pool.query('CREATE TABLE chats (id uuid)');
      const system = run({ databaseUrl: foreign.url });
      await expect(system.ended).rejects.toThrow('found the tables chats, and no record of a migration');
      expect(entries()).toEqual([]);
      const tables = await foreign.pool.query(`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`);
      expect(tables.rows).toEqual([{ tablename: 'chats' }]);
    } finally {
      await foreign.drop();
    }
  });

  test('on an empty database of DATABASE_URL it prints the command that makes the tables, without the password', async () => {
    const empty = await createDatabase('template0');
    try {
      const shown = new URL(empty.url);
      const { password } = shown;
      shown.password = '***';
      const refused = await run({ databaseUrl: empty.url }).ended.catch((error: Error) => error.message);
      expect(refused).toContain(`DATABASE_URL='${shown.href}' npm run migrate`);
      expect(refused).toContain('npm start -- --migrate');
      expect(password).not.toBe('');
      expect(refused).not.toContain(`:${password}@`);
      expect(entries()).toEqual([]);
    } finally {
      await empty.drop();
    }
  });

  test('with a yes it makes the tables in an empty database, and in no other', async () => {
    const [empty, foreign] = await Promise.all([createDatabase('template0'), createDatabase('template0')]);
    try {
      await foreign.pool.query('CREATE TABLE chats (id uuid)');
      await expect(run({ databaseUrl: foreign.url, mayMigrate: true }).ended).rejects.toThrow(
        'no record of a migration',
      );
      const system = run({ databaseUrl: empty.url, mayMigrate: true });
      await system.up;
      expect(system.lines.join('\n')).toMatch(/migrations applied: \d{14}_init/);
      await empty.pool.query(
        'DELETE FROM _prisma_migrations WHERE migration_name > (SELECT min(migration_name) FROM _prisma_migrations)',
      );
      await system.stop();
      await expect(run({ databaseUrl: empty.url, mayMigrate: true }).ended).rejects.toThrow('lacks the migrations');
    } finally {
      await Promise.all([empty.drop(), foreign.drop()]);
    }
  });

  test('on a migrated database of DATABASE_URL it starts no Postgres', async () => {
    const migrated = await createDatabase();
    try {
      const found = await run({ databaseUrl: migrated.url }).up;
      expect(found.databaseUrl).toBe(migrated.url);
      expect(existsSync(join(folder.path, 'data', 'postgres'))).toBe(false);
    } finally {
      await migrated.drop();
    }
  });
});
