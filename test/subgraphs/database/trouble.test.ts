/** Trouble that keeps workers from chats, with locks that other sessions really hold. */
import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import type { RunningServer } from '../../../server/app.ts';
import { databasePerFile } from '../../support/database.ts';
import { whileHeld, whileHolding } from '../../support/locks.ts';
import { insertChat, insertHealthyChat, insertReplica } from './support/rows.ts';
import { type Ask, asking, start, subgraphPerFile, user } from './support/subgraph.ts';
import { untilTrue, whileLocked } from './support/waiting.ts';

const database = databasePerFile();
const ask = subgraphPerFile(database);
const impatient = subgraphPerFile(database, { databaseTimeoutMs: 3_000 });
const OLD = "now() - interval '1 minute'";
const THRESHOLDS = 'thresholds { staleAfterSeconds acquisitionIntervalSeconds }';
const FIELDS = `canWrite isInRecovery replayLagSeconds rowLocked rowLockedSeconds rowAwaited readersKeptOut liveReplicas ownerRow platform ${THRESHOLDS}
  lockedBy { processId applicationName state transactionSeconds waitingFor }`;

type Trouble = Record<string, unknown> & { lockedBy: Record<string, unknown> | null };

async function troublesOf(ids: readonly string[], asks: Ask = ask, caller?: Parameters<Ask>[2]): Promise<Trouble[]> {
  const query = `query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { database { trouble { ${FIELDS} } } } }`;
  const { data, errors } = await asks(query, { ids }, caller);
  expect(errors).toEqual([]);
  const { chatDebugSnapshots } = data as { chatDebugSnapshots: { database: { trouble: Trouble } }[] };
  return chatDebugSnapshots.map((snapshot) => snapshot.database.trouble);
}

async function troubleOf(id: string, asks: Ask = ask, caller?: Parameters<Ask>[2]): Promise<Trouble> {
  const [trouble] = await troublesOf([id], asks, caller);
  if (!trouble) throw new Error('no such chat');
  return trouble;
}

const NOT_LOOKED_FOR = {
  ...{
    canWrite: null,
    isInRecovery: null,
    replayLagSeconds: null,
    rowLocked: null,
    rowLockedSeconds: null,
    lockedBy: null,
    ownerRow: null,
  },
  ...{ rowAwaited: null, readersKeptOut: null, liveReplicas: null },
  platform: 'own',
  thresholds: { staleAfterSeconds: 30, acquisitionIntervalSeconds: 5 },
};
const NOTHING_FOUND = {
  ...{
    canWrite: true,
    isInRecovery: false,
    replayLagSeconds: null,
    rowLocked: false,
    rowLockedSeconds: null,
    lockedBy: null,
  },
  ...{ rowAwaited: false, readersKeptOut: false },
};

const unowned = (columns: Parameters<typeof insertChat>[1] = {}) =>
  insertChat(database.pool, { status: 'running', updated_at: OLD, ...columns });

/** A session of its own, under a name. */
async function whileSession<T>(name: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: database.url, application_name: name });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

test('it is looked for where it can matter: for each chat that a worker should own, and for no other', async () => {
  const { id: healthy } = await insertHealthyChat(database.pool, { updated_at: OLD });
  const others = [
    await insertChat(database.pool, { updated_at: OLD }),
    await unowned({ archived: true }),
    await unowned({ status: 'paused' }),
    await unowned({ status: 'error' }),
  ];
  const ids = [await unowned(), await unowned({ updated_at: 'now()' }), await unowned({ updated_at: "'infinity'" })];
  await whileHeld(database.pool, others, async () => {
    const found = await troublesOf([...others, healthy, ...ids]);
    expect(found.slice(0, others.length)).toEqual(others.map(() => NOT_LOOKED_FOR));
    expect(found.slice(others.length)).toMatchObject([
      { ...NOTHING_FOUND, ownerRow: 'ALIVE' },
      ...ids.map(() => NOTHING_FOUND),
    ]);
  });
});

test('a chat that a worker owns can be held, too, and its row is read without a wait', async () => {
  const { id } = await insertHealthyChat(database.pool);
  await whileHeld(database.pool, [id], async () => {
    expect(await troubleOf(id)).toMatchObject({ rowLocked: true, ownerRow: 'ALIVE', canWrite: true });
  });
  expect(await troubleOf(id)).toMatchObject({ ...NOTHING_FOUND, ownerRow: 'ALIVE' }); // the mark in the row stays
});

test('where the table is a view, locks of rows are not known, and all else is', async () => {
  const id = await unowned();
  await database.pool.query(
    'ALTER TABLE chats RENAME TO stored_chats; CREATE VIEW chats AS SELECT * FROM stored_chats',
  );
  try {
    expect(await troubleOf(id)).toMatchObject({ ...NOTHING_FOUND, rowLocked: null, rowAwaited: null });
  } finally {
    await database.pool.query('DROP VIEW chats; ALTER TABLE stored_chats RENAME TO chats');
  }
});

describe('a row is held', () => {
  const LOCKS = ['FOR UPDATE', 'FOR NO KEY UPDATE', 'FOR SHARE', 'FOR KEY SHARE'];

  test.each(LOCKS)('by %s of an idle session, which is named', async (lock) => {
    const [held, free] = [await unowned(), await unowned()];
    await whileSession('an idle script', async (client) => {
      await client.query('BEGIN');
      const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
      await client.query(`SELECT FROM chats WHERE id = $1 ${lock}`, [held]);
      const [heldTrouble, freeTrouble] = await troublesOf([held, free]);
      expect(freeTrouble).toMatchObject(NOTHING_FOUND);
      expect(heldTrouble).toMatchObject({
        rowLocked: true,
        rowLockedSeconds: heldTrouble?.lockedBy?.transactionSeconds,
        lockedBy: {
          processId: rows[0].pid,
          applicationName: 'an idle script',
          state: 'idle in transaction',
          waitingFor: null,
        },
      });
      expect(heldTrouble?.rowLockedSeconds).toBeGreaterThanOrEqual(0);
    });
  });

  test.each<[what: string, statement: string]>([
    ['an update', 'UPDATE chats SET title = $2 WHERE id = $1'],
    ['a deletion', 'DELETE FROM chats WHERE id = $1 AND $2 = $2'],
  ])('by %s that is not committed', async (_what, statement) => {
    const id = await unowned();
    await whileHolding(database.pool, statement, [id, 'new'], async () => {
      expect(await troubleOf(id)).toMatchObject({ rowLocked: true, lockedBy: { state: 'idle in transaction' } });
    });
    expect(await troubleOf(id)).toMatchObject(NOTHING_FOUND);
  });

  test('by a session that itself waits for another, which is said', async () => {
    const [id, other] = [await unowned(), await unowned()];
    await whileSession('busy', (busy) =>
      whileSession('a long chain', async (holder) => {
        await busy.query('BEGIN');
        await busy.query('SELECT FROM chats WHERE id = $1 FOR UPDATE', [other]);
        await holder.query('BEGIN');
        await holder.query('SELECT FROM chats WHERE id = $1 FOR UPDATE', [id]);
        const waits = holder.query('SELECT FROM chats WHERE id = $1 FOR UPDATE', [other]);
        await untilTrue(
          database.pool,
          'a session waits for a lock',
          `SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        );
        expect((await troubleOf(id)).lockedBy).toMatchObject({ state: 'active', waitingFor: 'Lock: transactionid' });
        await busy.query('ROLLBACK');
        await waits;
        await holder.query('ROLLBACK');
      }),
    );
  });

  test('by two sessions that share it: the one whose transaction is older is named', async () => {
    const id = await unowned();
    await whileSession('older', (older) =>
      whileSession('younger', async (younger) => {
        await older.query('BEGIN; SELECT txid_current()');
        await younger.query('BEGIN');
        await younger.query('SELECT FROM chats WHERE id = $1 FOR SHARE', [id]);
        await older.query('SELECT FROM chats WHERE id = $1 FOR SHARE', [id]);
        expect(await troubleOf(id)).toMatchObject({ rowLocked: true, lockedBy: { applicationName: 'older' } });
        await older.query('ROLLBACK');
        expect(await troubleOf(id)).toMatchObject({ rowLocked: true, lockedBy: { applicationName: 'younger' } });
        await younger.query('ROLLBACK');
        expect(await troubleOf(id)).toMatchObject(NOTHING_FOUND);
      }),
    );
  });

  test('by a savepoint, while it stands and after it was released into its transaction', async () => {
    const id = await unowned();
    await whileSession('with savepoints', async (client) => {
      await client.query('BEGIN; SELECT txid_current(); SAVEPOINT one');
      await client.query('SELECT FROM chats WHERE id = $1 FOR UPDATE', [id]);
      expect(await troubleOf(id)).toMatchObject({ rowLocked: true, lockedBy: { applicationName: 'with savepoints' } });
      await client.query('RELEASE SAVEPOINT one');
      expect(await troubleOf(id)).toMatchObject({ rowLocked: true, lockedBy: { applicationName: 'with savepoints' } });
      await whileSession('another writer', async (other) => {
        await other.query(`BEGIN; INSERT INTO chats (owner_id) VALUES (gen_random_uuid())`);
        expect(await troubleOf(id)).toMatchObject({ rowLocked: true, lockedBy: { applicationName: null } });
      });
      await client.query('COMMIT');
      expect(await troubleOf(id)).toMatchObject(NOTHING_FOUND);
    });
  });

  test('by nobody once a savepoint was rolled back', async () => {
    const id = await unowned();
    await whileSession('with savepoints', async (client) => {
      await client.query('BEGIN; SELECT txid_current(); SAVEPOINT one');
      await client.query('SELECT FROM chats WHERE id = $1 FOR UPDATE', [id]);
      await client.query('ROLLBACK TO SAVEPOINT one');
      expect(await troubleOf(id)).toMatchObject(NOTHING_FOUND);
      await client.query('ROLLBACK');
    });
  });
});

/**
 * Keeps another session waiting to change the first of these chats until `work` is done; one session holds them all.
 */
async function whileAwaited(ids: readonly string[], work: () => Promise<void>): Promise<void> {
  await whileSession('a worker', async (worker) => {
    let waits: Promise<unknown> = Promise.resolve();
    await whileHeld(database.pool, ids, async () => {
      waits = worker.query('UPDATE chats SET title = title WHERE id = $1', [ids[0]]);
      await untilTrue(
        database.pool,
        'the worker waits for the lock',
        `SELECT count(*) = 1 FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'a worker' AND wait_event_type = 'Lock'`,
      );
      await work();
    });
    await waits;
  });
}

test('that somebody waits for a row is known of that row alone', async () => {
  const [id, beside, free] = [await unowned(), await unowned(), await unowned()];
  await whileAwaited([id, beside], async () => {
    const found = await troublesOf([id, beside, free]);
    expect(found.map(({ rowLocked, rowAwaited }) => [rowLocked, rowAwaited])).toEqual([
      [true, true],
      [true, false],
      [false, false],
    ]);
  });
  expect(await troubleOf(id)).toMatchObject(NOTHING_FOUND);
});

describe('a table is held', () => {
  test.each(['SHARE', 'SHARE ROW EXCLUSIVE', 'EXCLUSIVE'])('in %s mode by another session', async (mode) => {
    const id = await unowned();
    await whileHolding(database.pool, `LOCK TABLE chats IN ${mode} MODE`, [], async () => {
      expect(await troubleOf(id)).toMatchObject({
        ...{ rowLocked: true, rowAwaited: false, readersKeptOut: false, lockedBy: { state: 'idle in transaction' } },
      });
    });
  });

  test.each(['chat_messages', 'chat_heartbeats', 'chat_queued_messages', 'chat_events'])(
    'when it is %s',
    async (table) => {
      const id = await unowned();
      await whileLocked(database.pool, table, async () => {
        expect(await troubleOf(id)).toMatchObject({ rowLocked: true, readersKeptOut: true });
      });
    },
  );

  test.each(['ROW SHARE', 'ROW EXCLUSIVE', 'SHARE UPDATE EXCLUSIVE'])('not by a lock in %s mode', async (mode) => {
    const id = await unowned();
    await whileHolding(database.pool, `LOCK TABLE chats IN ${mode} MODE`, [], async () => {
      expect(await troubleOf(id)).toMatchObject(NOTHING_FOUND);
    });
  });

  test('while a worker waits to write to it', async () => {
    const id = await unowned();
    await whileSession('a worker', async (worker) => {
      let waits: Promise<unknown> = Promise.resolve();
      await whileHolding(database.pool, 'LOCK TABLE chats IN SHARE MODE', [], async () => {
        waits = worker.query('UPDATE chats SET title = title WHERE id = $1', [id]);
        await untilTrue(
          database.pool,
          'somebody waits for the table',
          `SELECT count(*) = 1 FROM pg_locks AS l WHERE NOT l.granted AND l.relation = 'chats'::regclass`,
        );
        expect(await troubleOf(id)).toMatchObject({ rowLocked: true, rowAwaited: true, readersKeptOut: false });
      });
      await waits;
    });
  });

  test('by whoever keeps a change of the table waiting, with all who come after it', async () => {
    const [id, busy] = [await unowned(), await unowned()];
    await whileSession('a long report', async (report) => {
      await report.query('BEGIN');
      await report.query('UPDATE chats SET title = title WHERE id = $1', [busy]);
      await whileSession('a new index', async (migration) => {
        const done = migration.query('BEGIN; LOCK TABLE chats IN SHARE MODE; ROLLBACK');
        await untilTrue(
          database.pool,
          'a session waits for a lock',
          `SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        );
        expect(await troubleOf(id)).toMatchObject({ rowLocked: true, lockedBy: { applicationName: 'a long report' } });
        await report.query('ROLLBACK');
        await done;
      });
    });
  });
});

test('whoever lacks the role is not told who holds a row, without an error', async () => {
  const owner_id = randomUUID();
  const id = await unowned({ owner_id });
  await whileHeld(database.pool, [id], async () => {
    expect(await troubleOf(id, ask, user(owner_id))).toMatchObject({ rowLocked: true, lockedBy: null });
  });
});

test('the row of the owner is shown as it is', async () => {
  const { pool } = database;
  const replicas = {
    ALIVE: await insertReplica(pool),
    STALE: await insertReplica(pool, { updated_at: "now() - interval '31 s'" }),
    STOPPED: await insertReplica(pool, { stopped_at: 'now()' }),
    MISSING: randomUUID(),
  };
  const ahead = await insertReplica(pool, { updated_at: "now() + interval '1 hour'" });
  const endless = await insertReplica(pool, { updated_at: "'infinity'" });
  const owners = [...Object.values(replicas), ahead, endless];
  const ids = [];
  for (const worker_id of owners) ids.push(await unowned({ worker_id, runner_id: randomUUID() }));
  const found = await troublesOf([...ids, await unowned()]);
  expect(found.map(({ ownerRow }) => ownerRow)).toEqual([...Object.keys(replicas), 'STALE', 'STALE', null]);
  const { rows } = await pool.query(
    `SELECT count(*)::int4 AS alive FROM replicas WHERE stopped_at IS NULL AND updated_at BETWEEN now() - interval '30 s' AND now() + interval '2 s'`,
  );
  expect(found.map(({ liveReplicas }) => liveReplicas)).toEqual(found.map(() => rows[0].alive));
});

test('a lock on the replicas costs what is said of the owner, and is named there', async () => {
  const id = await unowned({ worker_id: randomUUID(), runner_id: randomUUID() });
  await whileLocked(database.pool, 'replicas', async () => {
    const { data, errors } = await impatient(
      `{ chatDebugSnapshot(chatId: "${id}") { database { unreadable status trouble { rowLocked ownerRow } } } }`,
    );
    expect(errors).toMatchObject([
      {
        path: ['chatDebugSnapshot', 'database', 'trouble', 'ownerRow'],
        extensions: { code: 'QUERY_TIMED_OUT' },
        message: expect.stringContaining('lock on `replicas`'),
      },
    ]);
    expect(data?.chatDebugSnapshot).toEqual({
      database: { unreadable: [], status: 'running', trouble: { rowLocked: false, ownerRow: null } },
    });
  });
});

describe('a database that takes no writes', () => {
  const name = () => new URL(database.url).pathname.slice(1);

  /** Runs statements from outside: a session of the database itself would be read-only. */
  async function alter(...statements: string[]): Promise<void> {
    const url = new URL(database.url);
    url.pathname = '/postgres';
    const client = new pg.Client(url.href);
    await client.connect();
    for (const statement of statements) await client.query(statement);
    await client.end();
  }

  test('is known at once, from sessions that began before, and so is the end of it', async () => {
    const id = await unowned();
    expect(await troubleOf(id)).toMatchObject({ canWrite: true });
    await alter(`ALTER DATABASE ${name()} SET default_transaction_read_only = yes`);
    expect(await troubleOf(id)).toMatchObject({ canWrite: false, isInRecovery: false });
    await alter(`ALTER ROLE postgres IN DATABASE ${name()} SET default_transaction_read_only = off`);
    expect(await troubleOf(id)).toMatchObject({ canWrite: true });
    await alter(`ALTER ROLE postgres IN DATABASE ${name()} RESET ALL`, `ALTER DATABASE ${name()} RESET ALL`);
    expect(await troubleOf(id)).toMatchObject({ canWrite: true });
  });
});

describe('a role that may only read', () => {
  const reader = `reader_${randomBytes(6).toString('hex')}`;
  let server: RunningServer;
  const asReader = asking(() => server.url);
  beforeAll(async () => {
    await database.pool.query(
      `CREATE ROLE ${reader} LOGIN PASSWORD 'reader'; ALTER ROLE ${reader} SET default_transaction_read_only = on;
       GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${reader}`,
    );
    const url = new URL(database.url);
    url.username = reader;
    url.password = 'reader';
    server = await start({ databaseUrl: url.href });
  });
  afterAll(async () => {
    await server.stop();
    await database.pool.query(`DROP OWNED BY ${reader}; DROP ROLE ${reader}`);
  });

  test('sees that a row is held and by which process, not since when; its own reading-only is not the workers’', async () => {
    const id = await unowned();
    await whileHeld(database.pool, [id], async () => {
      expect(await troubleOf(id, asReader)).toMatchObject({
        ...{ canWrite: true, rowLocked: true, rowLockedSeconds: null },
        lockedBy: { processId: expect.any(Number), state: null, transactionSeconds: null, waitingFor: null },
      });
    });
  });

  test('sees how long somebody has waited for it at least', async () => {
    const id = await unowned();
    await whileAwaited([id], async () => {
      const { rowLockedSeconds, lockedBy } = await troubleOf(id, asReader);
      expect([typeof rowLockedSeconds, lockedBy?.transactionSeconds]).toEqual(['number', null]);
    });
  });

  test('sees all of it with pg_read_all_stats', async () => {
    const id = await unowned();
    await database.pool.query(`GRANT pg_read_all_stats TO ${reader}`);
    await whileHeld(database.pool, [id], async () => {
      const trouble = await troubleOf(id, asReader);
      expect(trouble).toMatchObject({ rowLocked: true, lockedBy: { state: 'idle in transaction' } });
      expect(trouble.rowLockedSeconds).toBeGreaterThanOrEqual(0);
    });
  });
});
