/** `npm run check`, run as a person would, on databases that have everything, a part, and nothing of what is read. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { systemClock } from '../../common/clock.ts';
import { freePort } from '../../local/ports.ts';
import { runScript } from '../support/command.ts';
import { createDatabase, databasePerFile } from '../support/database.ts';
import { whileHolding } from '../support/locks.ts';
import { insertChat, insertReplicas } from '../upstream/support/rows.ts';
import { createReader, createTables, dropReader } from '../upstream/tables.ts';

const database = databasePerFile();
const PASSWORD = 'reader'; // of createReader

interface Report {
  readonly answers: string;
  readonly toCorrect: readonly string[];
  readonly platform: string | null;
  readonly release: string | null;
  readonly slotsTaken: { readonly root: number; readonly subagents: number } | null;
  readonly thresholds: Readonly<Record<string, number>>;
  readonly tables: readonly {
    readonly name: string;
    readonly schema: string | null;
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

/** A role that may read this project's tables, by its URL, while `work` runs. */
async function asReader<T>(at: { readonly pool: pg.Pool; readonly url: string }, work: (url: string) => Promise<T>) {
  const role = `reader_${randomUUID().replaceAll('-', '')}`;
  await at.pool.query(
    `CREATE ROLE ${role} LOGIN PASSWORD '${PASSWORD}'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`,
  );
  const url = new URL(at.url);
  [url.username, url.password] = [role, PASSWORD];
  try {
    return await work(url.href);
  } finally {
    await dropReader(at.pool, role);
  }
}

/** The caller drops it. */
async function coderDatabase(): ReturnType<typeof createDatabase> {
  const coder = await createDatabase('template0');
  await createTables(coder.pool);
  return coder;
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

  test('whose triggers are off is to be corrected, and ends with 1', async () => {
    const other = await createDatabase();
    try {
      await other.pool.query('ALTER TABLE chats DISABLE TRIGGER ALL');
      const [said, code] = await report(other.url);
      expect([said.answers, code]).toEqual(['ALL', 1]);
      expect(said.toCorrect).toEqual([
        expect.stringMatching(
          /^Triggers are off: `chats.chat_event_changed`, .*`ALTER TABLE chats ENABLE TRIGGER USER;`/,
        ),
      ]);
      await other.pool.query('ALTER TABLE chats ENABLE TRIGGER USER');
      expect((await report(other.url))[0].toCorrect).toEqual([]);
    } finally {
      await other.drop();
    }
  });

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
    coder = await coderDatabase();
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
    const { stdout, code } = await check(coder.url, [], { CODER_RELEASE: '2026-09-14' });
    expect([stdout, code]).toEqual([
      expect.stringMatching(/^release +2026-09-14, as CODER_RELEASE says; migration 614$/m),
      0,
    ]);
  });

  test('is judged by the release that its replicas run, which may contradict the one that is set', async () => {
    const other = await coderDatabase();
    try {
      await insertReplicas(other.pool);
      await other.pool.query(`UPDATE replicas SET version = 'v2.36.1+abc', updated_at = now()`);
      const found = await check(other.url);
      expect(found.stdout).toMatch(/^release +v2\.36\.1\+abc, the oldest that a live replica runs; migration 614$/m);
      expect(found.stdout).toMatch(/^thresholds +lease stale after 300 s/m);
      expect([found.code, found.stdout]).toEqual([0, expect.not.stringContaining('To correct')]);
      await other.pool.query('UPDATE replicas SET updated_at = now()');
      const [said, code] = await report(other.url, { CODER_RELEASE: '2.38' });
      expect([said.answers, code]).toEqual(['ALL', 1]);
      expect(said.toCorrect).toEqual([
        'CODER_RELEASE is 2.38, and a live replica runs v2.36.1+abc, which has other thresholds. Correct CODER_RELEASE, or unset it.',
      ]);
    } finally {
      await other.drop();
    }
  });

  test('names the slots that are assumed; where more are taken, the setting is wrong', async () => {
    const other = await coderDatabase();
    try {
      for (let i = 0; i < 3; i += 1) await insertChat(other.pool, { worker: 'first', lease: 3 });
      await insertChat(other.pool, { worker: 'first', lease: 3, isSubagent: true });
      await insertChat(other.pool, {});
      const { stdout, code } = await check(other.url);
      expect(stdout.replaceAll(/\n {12}/g, ' ')).toContain(
        'slots       5 for chats without a parent (CAPACITY_ROOT), 10 for subagents (CAPACITY_SUBAGENTS); taken: 3 and 1\n',
      );
      expect(code).toBe(0);
      await other.pool.query('UPDATE chat_heartbeats SET heartbeat_at = now()');
      const [said, wrong] = await report(other.url, { CAPACITY_ROOT: '2' });
      expect([said.slotsTaken, wrong]).toEqual([{ root: 3, subagents: 1 }, 1]);
      expect(said.toCorrect).toEqual([
        '3 chats without a parent hold slots, and there are 2 by CAPACITY_ROOT: set it to what the deployment is licensed for.',
      ]);
    } finally {
      await other.drop();
    }
  });

  test('whose leases and replicas are locked is told but for what they say', () =>
    whileHolding(coder.pool, 'LOCK TABLE chat_heartbeats, replicas IN ACCESS EXCLUSIVE MODE', [], async () => {
      const [said, code] = await report(coder.url);
      expect([said.answers, code, said.slotsTaken]).toEqual(['ALL', 0, null]);
      expect(said.unknown).toContain('How many slots are taken: leases or chats cannot be read.');
    }));

  test('whose policies may hide rows is answered in part', async () => {
    const other = await coderDatabase();
    const role = `reader_${randomUUID().replaceAll('-', '')}`;
    try {
      await other.pool.query('ALTER TABLE chat_heartbeats ENABLE ROW LEVEL SECURITY');
      const url = await createReader(other, role);
      const [said, code] = await report(url);
      expect([said.answers, code]).toEqual(['IN_PART', 1]);
      expect(said.toCorrect).toEqual([expect.stringMatching(/^Policies of `chat_heartbeats` may hide rows/)]);
      expect((await check(url)).stdout).toMatch(
        /^chat_heartbeats: table in public\n {2}policies hide rows; not answered: heartbeat, /m,
      );
      await dropReader(other.pool, role);
    } finally {
      await other.drop();
    }
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
      expect(said.release).toBe('614');
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

describe('tables that the search_path does not lead to', () => {
  let coder: Awaited<ReturnType<typeof createDatabase>>;
  const role = `reader_${randomUUID().replaceAll('-', '')}`;
  const reader = { url: '' };
  beforeAll(async () => {
    coder = await coderDatabase();
    reader.url = await createReader(coder, role);
    await coder.pool.query('ALTER SCHEMA public RENAME TO coder; CREATE SCHEMA public; CREATE SCHEMA old');
    await coder.pool.query(`GRANT USAGE ON SCHEMA old TO ${role}`);
  });
  afterAll(async () => {
    await dropReader(coder.pool, role);
    await coder.drop();
  });
  const short = async (url: string, settings: Readonly<Record<string, string>> = {}) => {
    const { stdout, stderr, code } = await check(url, [], settings);
    expect([code, stderr]).toEqual([2, '']);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(stdout.split('\n').length).toBeLessThan(16);
    return stdout.replaceAll(/\n {4,}/g, ' ');
  };

  test('in another schema: which, and how it is reached', async () => {
    const said = await short(reader.url);
    expect(said).toContain('has no table `chats` in the search_path');
    expect(said).toContain(
      'Schema `coder` has `chats` and 7 more, and it is not in the search_path: add `options=-c%20search_path%3Dcoder` to the URL.',
    );
    expect(said).not.toMatch(/migrate`|this project/);
    const [found, code] = await report(`${reader.url}?options=-c%20search_path%3Dcoder`);
    expect([found.answers, code, found.toCorrect]).toEqual(['ALL', 0, []]);
    expect([...new Set(found.tables.map(({ schema }) => schema))]).toEqual(['coder']);
  });

  test('a part of them: what it costs is said once, and the others stay on the path', async () => {
    await coder.pool.query('CREATE SCHEMA apart; ALTER TABLE coder.replicas SET SCHEMA apart');
    try {
      const { stdout, code } = await check(`${reader.url}?options=-c%20search_path%3Dcoder`);
      expect(code).toBe(1);
      expect(stdout.replaceAll(/\n {4,}/g, ' ')).toMatch(
        /`GRANT USAGE ON SCHEMA apart TO reader_\w+;`; and it is not in the search_path: add `options=-c%20search_path%3Dcoder%2Capart` to/,
      );
      expect(stdout.match(/OWNER_STOPPED/g)).toHaveLength(1);
    } finally {
      await coder.pool.query('ALTER TABLE apart.replicas SET SCHEMA coder; DROP SCHEMA apart');
    }
  });

  test('in a schema that the role may not enter', async () => {
    await coder.pool.query(`REVOKE USAGE ON SCHEMA coder FROM ${role}`);
    try {
      const said = await short(`${reader.url}?options=-c%20search_path%3Dcoder`, { PLATFORM: 'coder' });
      expect(said).toMatch(/^platform +a Coder deployment \(coder\)$/m);
      expect(said).toContain('this role may not enter it: `GRANT USAGE ON SCHEMA coder TO reader_');
      expect(said).not.toContain('add `options');
    } finally {
      await coder.pool.query(`GRANT USAGE ON SCHEMA coder TO ${role}`);
    }
  });

  test('nowhere: it is another database, and beside Coder nobody migrates', async () => {
    const empty = await createDatabase('template0');
    try {
      expect(await short(empty.url)).toContain('for tables of this project, run `npm run migrate`.');
      const said = await short(empty.url, { PLATFORM: 'coder' });
      expect(said).toContain('No other schema has one. See whether the URL names the database of Coder.');
      expect(said).not.toContain('migrate');
    } finally {
      await empty.drop();
    }
  });

  test('but for one that another schema hides: each table has its schema, and it ends with 1', async () => {
    await coder.pool.query('CREATE TABLE old.chat_heartbeats (LIKE coder.chat_heartbeats)');
    await coder.pool.query(`GRANT SELECT ON old.chat_heartbeats TO ${role}`);
    const url = `${reader.url}?options=-c%20search_path%3Dold%2Ccoder`;
    const { stdout, code } = await check(url);
    expect(stdout).toMatch(/^chat_heartbeats: table in old\b/m);
    expect(stdout).toMatch(/^chats: table in coder\b/m);
    expect(stdout.replaceAll(/\n {4}/g, ' ')).toContain(
      '`coder.chat_heartbeats` is passed over. Correct the search_path.',
    );
    expect(code).toBe(1);
  });

  test('of a database that the role may not connect to', async () => {
    await coder.pool.query(`REVOKE CONNECT ON DATABASE ${new URL(coder.url).pathname.slice(1)} FROM ${role}`);
    const { stdout, stderr, code } = await check(reader.url);
    expect([stdout, code]).toEqual(['', 2]);
    expect(stderr.replaceAll('\n', ' ')).toBe(
      'The user of DATABASE_URL may not connect to this database. Grant it CONNECT. (SQLSTATE 42501) ',
    );
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

  test('a password that is not percent-encoded', async () => {
    const { code, stdout, stderr } = await check('postgres://reader:hid@en/w#rd@127.0.0.1/db');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr.replaceAll('\n', ' ')).toMatch(
      /^`--database` is no URL that can be used: its user and password must be percent-encoded/,
    );
    for (const line of stderr.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(stderr).not.toMatch(/hid|w#rd/);
  });

  test('a database without any of the tables', async () => {
    const empty = await createDatabase('template0');
    try {
      const [said, code] = await report(empty.url);
      expect([said.answers, code]).toEqual(['NOT_AT_ALL', 2]);
      expect(said.tables.map(({ kind }) => kind)).toEqual(Array(6).fill(null));
      expect(said.lacks.map(({ why }) => why)).toEqual(Array(6).fill('MISSING'));
    } finally {
      await empty.drop();
    }
  });
});
