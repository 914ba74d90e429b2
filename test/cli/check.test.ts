/** `npm run check`, run as a person would, on databases that have everything, a part, and nothing of what is read. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { systemClock } from '../../common/clock.ts';
import { freePort } from '../../local/ports.ts';
import { runScript } from '../support/command.ts';
import { createDatabase, databasePerFile } from '../support/database.ts';
import { whileHolding } from '../support/locks.ts';
import { createReader, createTables, dropReader } from '../upstream/tables.ts';

const database = databasePerFile();
const PASSWORD = 'reader'; // of createReader

interface Report {
  readonly answers: string;
  readonly platform: string;
  readonly release: string | null;
  readonly thresholds: Readonly<Record<string, number>>;
  readonly tables: readonly {
    readonly name: string;
    readonly kind: string | null;
    readonly columns: readonly {
      readonly name: string;
      readonly state: string;
      readonly notAnswered: readonly string[];
    }[];
  }[];
  readonly lacks: readonly { readonly name: string; readonly why: string; readonly isRequired: boolean }[];
  readonly indexes: readonly { readonly table: string; readonly statement: string }[];
  readonly unknown: readonly string[];
}

const check = (url: string, args: readonly string[] = [], settings: Readonly<Record<string, string>> = {}) =>
  runScript('dist/cli/check.js', ['--database', url, ...args], settings);

async function report(url: string, settings: Readonly<Record<string, string>> = {}): Promise<[Report, number]> {
  const { stdout, code } = await check(url, ['--json'], settings);
  return [JSON.parse(stdout), code];
}

/** A role that may read, by its URL, while `work` runs. */
async function asReader<T>(at: { readonly pool: pg.Pool; readonly url: string }, work: (url: string) => Promise<T>) {
  const role = `reader_${randomUUID().replaceAll('-', '')}`;
  const url = await createReader(at, role);
  try {
    return await work(url);
  } finally {
    await dropReader(at.pool, role);
  }
}

describe('a database of this project', () => {
  test('has everything, says so in lines that fit, and ends with 0', async () => {
    const { stdout, stderr, code } = await check(database.url);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('answers     Everything can be answered.');
    expect(stdout).toContain('platform    tables of this project (own)');
    expect(stdout).not.toMatch(/missing|no right|CREATE INDEX/);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('is read by a role that may write nothing, and nothing is written', async () => {
    const written = async () => {
      const { rows } = await database.pool.query(
        'SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)::text AS tuples FROM pg_stat_user_tables',
      );
      return rows[0]?.tuples;
    };
    const before = await written();
    await asReader(database, async (url) => expect((await check(url)).code).toBe(0));
    expect(await written()).toBe(before);
  });

  test('whose tables are locked is told but for its indexes', () =>
    whileHolding(database.pool, 'LOCK TABLE chats IN ACCESS EXCLUSIVE MODE', [], async () => {
      const [said, code] = await report(database.url, { DATABASE_TIMEOUT_MS: '500' });
      expect([said.answers, code, said.indexes]).toEqual(['ALL', 0, []]);
      expect(said.unknown).toContain('Which indexes there are: a session keeps everybody out of a table.');
    }));

  test('without an index and two columns is answered in part, and ends with 1', async () => {
    const other = await createDatabase();
    try {
      await other.pool.query(
        'DROP INDEX chats_updated_at_id_idx; ALTER TABLE chats DROP COLUMN created_at, DROP COLUMN last_error CASCADE',
      );
      const [said, code] = await report(other.url);
      expect([said.answers, code]).toEqual(['IN_PART', 1]);
      expect(said.lacks).toMatchObject([
        { name: 'chats.last_error', why: 'MISSING', isRequired: false },
        { name: 'chats.created_at', why: 'MISSING', isRequired: false },
      ]);
      const [wanted, ...more] = said.indexes.map(({ statement }) => statement);
      expect(wanted).toBe('CREATE INDEX CONCURRENTLY ON chats (updated_at DESC, id DESC);');
      expect(more).toHaveLength(1); // the column that is gone took its index along
      await other.pool.query(wanted ?? '');
      expect((await report(other.url))[0].indexes).toHaveLength(1);
      const { stdout } = await check(other.url);
      expect(stdout).toMatch(/ {2}missing {5}created_at\n {16}not answered: createdAt/);
    } finally {
      await other.drop();
    }
  });
});

describe('a Coder deployment', () => {
  let coder: Awaited<ReturnType<typeof createDatabase>>;
  beforeAll(async () => {
    coder = await createDatabase('template0');
    await createTables(coder.pool);
  });
  afterAll(() => coder.drop());

  test('has everything of its platform; its release, its thresholds and what nobody can know are said', async () => {
    const [said, code] = await report(coder.url);
    expect([said.answers, code, said.platform, said.release]).toEqual(['ALL', 0, 'coder', '614']);
    expect(said.thresholds).toMatchObject({ staleAfterSeconds: 30, acquisitionIntervalSeconds: 30 });
    expect(said.unknown.join('\n')).toMatch(/What replicas hold in memory/);
    expect(said.indexes.map(({ table, statement }) => [table, statement])).toEqual([
      ['chats', 'CREATE INDEX CONCURRENTLY ON chats (updated_at, id) WHERE archived;'],
      ['chats', 'CREATE INDEX CONCURRENTLY ON chats (worker_id, updated_at, id) WHERE (worker_id IS NOT NULL);'],
      ['chat_messages', 'CREATE INDEX CONCURRENTLY ON chat_messages (chat_id, role, deleted);'],
    ]);
  });

  test('is judged by the thresholds of the release that is set', async () => {
    const [said] = await report(coder.url, { CODER_RELEASE: '2026-09-14' });
    expect(said.thresholds).toMatchObject({ staleAfterSeconds: 300, heartbeatIntervalSeconds: 30 });
  });

  test('gives a role without some grants what it may read, and names the rest', async () => {
    const role = `reader_${randomUUID().replaceAll('-', '')}`;
    const url = await createReader(coder, role, ['replicas', 'chat_debug_steps']);
    try {
      const [said, code] = await report(url);
      expect([said.answers, code]).toEqual(['IN_PART', 1]);
      expect(said.lacks.map(({ name, why }) => [name, why])).toEqual([
        ['replicas', 'NO_RIGHT'],
        ['chat_debug_steps', 'NO_RIGHT'],
      ]);
      expect(said.release).toBeNull(); // nobody granted the list of migrations
      const { stdout, stderr } = await check(url);
      expect(stdout + stderr).not.toContain(`:${PASSWORD}@`);
      for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    } finally {
      await dropReader(coder.pool, role);
    }
  });

  test('whose versions may not be read cannot be used', async () => {
    const moved = await createDatabase('template0');
    const role = `reader_${randomUUID().replaceAll('-', '')}`;
    await createTables(moved.pool, { movesVersions: true });
    const url = await createReader(moved, role, ['chats_expanded', 'chat_versions']);
    try {
      const [said, code] = await report(url);
      expect([said.answers, code]).toEqual(['NOT_AT_ALL', 2]);
      expect(said.lacks[0]).toMatchObject({ name: 'chats_expanded', why: 'NO_RIGHT', isRequired: true });
    } finally {
      await dropReader(moved.pool, role);
      await moved.drop();
    }
  });
});

describe('what cannot be asked ends with 2, without a password', () => {
  test.each([
    ['no database', []],
    ['another kind of database', ['--database', 'mysql://user:hidden@127.0.0.1/db']],
    ['an URL that is none', ['--database', 'postgres://user:hidden@[::1/db']],
    ['an option that there is not', ['--hidden']],
    ['a word too many', ['hidden']],
  ])('%s', async (_what, args) => {
    const { code, stdout, stderr } = await runScript('dist/cli/check.js', args, {});
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr.trim()).not.toBe('');
    expect(stderr).not.toMatch(/user:hidden|\n\s+at /);
  });

  test('nobody at the address, and a user whom it refuses', async () => {
    const nobody = await check(`postgres://user:hidden@127.0.0.1:${await freePort(systemClock)}/db`);
    expect([nobody.code, nobody.stdout]).toEqual([2, '']);
    expect(nobody.stderr).toBe('The database does not answer. Is the system running?\n');
    const refused = new URL(database.url);
    refused.password = 'hidden';
    const { code, stderr } = await check(refused.href);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^The database refuses the user or the password of DATABASE_URL/);
  });

  test('a database without any of the tables', async () => {
    const empty = await createDatabase('template0');
    try {
      const [said, code] = await report(empty.url);
      expect([said.answers, code]).toEqual(['NOT_AT_ALL', 2]);
      expect(said.tables.map(({ kind }) => kind)).toEqual([null, null, null, null, null]);
      expect(said.lacks.map(({ why }) => why)).toEqual(Array(5).fill('MISSING'));
    } finally {
      await empty.drop();
    }
  });
});
