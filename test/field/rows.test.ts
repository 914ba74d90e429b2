/** Rows as people find them: what stands there is odd, far ahead, held by somebody, or left over. */
import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { systemClock } from '../../common/clock.ts';
import { insertChat, insertHeartbeat, insertReplica, queueMessages } from '../subgraphs/database/support/rows.ts';
import { farRows } from './rows/farRows.ts';
import { oddRows } from './rows/oddRows.ts';
import { refusedWrites } from './rows/refusedWrites.ts';
import { wordsOf } from './support/diagnosed.ts';
import { eventually } from './support/eventually.ts';
import { whileIdleInTransaction } from './support/sessions.ts';
import { systemOfFile } from './support/systemOfFile.ts';

jest.setTimeout(180_000);

const field = systemOfFile();

/** Each replica cleans up once a minute. */
const CLEAN_UP_LIMIT_MS = 150_000;
const OLD_LEASES = 3_000;
const OWNED_LEASES = 1_200;

/** A chat that its owner works on for as long as the test wants. */
async function createStalled(): Promise<string> {
  const id = await field.create('/stall');
  await eventually(
    'an owner works on it',
    () => field.column(id, 'generation_attempt'),
    (attempt) => attempt === '1',
  );
  return id;
}

/** Keeps a lease fresh, as a live worker does, while `work` runs. */
async function whileBeating<T>(id: string, runnerId: string, work: () => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const beat = async () => {
    while (!stop.signal.aborted) {
      await field.pool.query('UPDATE chat_heartbeats SET heartbeat_at = now() WHERE chat_id = $1 AND runner_id = $2', [
        id,
        runnerId,
      ]);
      await systemClock.sleep(200, stop.signal);
    }
  };
  const beating = beat();
  try {
    return await work();
  } finally {
    stop.abort();
    await beating;
  }
}

/** A running chat of a live replica that has no runner for it, with a lease that stands there at once. @param at SQL */
async function insertOwned({ updatedAt, beatAt }: { updatedAt: string; beatAt: string }) {
  const [workerId = ''] = await field.aliveReplicas();
  const runnerId = randomUUID();
  const id = await insertChat(field.pool, { updated_at: updatedAt });
  await field.pool.query(
    `INSERT INTO chat_messages (chat_id, role, content) VALUES ($1, 'user', '[{"type":"text","text":"hello"}]')`,
    [id],
  );
  await insertHeartbeat(field.pool, id, runnerId, beatAt);
  await field.pool.query(`UPDATE chats SET status = 'running', worker_id = $2, runner_id = $3 WHERE id = $1`, [
    id,
    workerId,
    runnerId,
  ]);
  return { id, workerId, runnerId };
}

/** 25: leases that are of no use any more, made first because the clean-up takes its time. */
const LEFT_OVER = randomUUID();
beforeAll(async () => {
  await field.pool.query(
    `WITH rest AS (
       INSERT INTO chats (owner_id, title, runner_id, worker_id)
       SELECT $1, 'at rest', gen_random_uuid(), gen_random_uuid() FROM generate_series(1, ${OWNED_LEASES}) RETURNING id, runner_id
     ), named AS (
       INSERT INTO chat_heartbeats (chat_id, runner_id, heartbeat_at)
       SELECT id, runner_id, now() - interval '2 days' FROM rest
     )
     INSERT INTO chat_heartbeats (chat_id, runner_id, heartbeat_at)
     SELECT id, gen_random_uuid(), now() - interval '1 day' FROM rest, generate_series(1, ${OLD_LEASES / OWNED_LEASES + 1}) LIMIT ${OLD_LEASES}`,
    [LEFT_OVER],
  );
});

describe('1: a chat that waits for a tool without a deadline', () => {
  test('says so, its neighbours are whole, and every command works', async () => {
    const ownerId = randomUUID();
    const neighbour = await field.createAtRest('hello', { ownerId });
    const id = await field.create('/tool ask', { ownerId });
    await field.diagnosed(id, 'it waits', ({ executionState }) => executionState === 'A0');
    await field.pool.query(
      `UPDATE chats SET requires_action_deadline_at = 'infinity', snapshot_version = snapshot_version + 1, updated_at = now() WHERE id = $1`,
      [id],
    );

    const query = `query ($owner: UUID!) { chats(filter: { ownerId: $owner }) { edges { node {
      chatId executionState database { requiresActionSecondsLeft } diagnosis { verdict } } } } }`;
    const { data, errors } = await field.ask(query, { owner: ownerId });
    expect({ data, errors }).toEqual({
      errors: [],
      data: {
        chats: {
          edges: [
            {
              node: {
                chatId: id,
                executionState: 'A0',
                database: { requiresActionSecondsLeft: null },
                diagnosis: { verdict: 'WAITING' },
              },
            },
            {
              node: {
                chatId: neighbour,
                executionState: 'W',
                database: { requiresActionSecondsLeft: null },
                diagnosis: { verdict: 'IDLE' },
              },
            },
          ],
        },
      },
    });
    expect((await field.diagnose(id)).severities).toEqual({ ACTION_PENDING: 'INFO' });
    expect((await field.chatDebug('stuck')).code).not.toBe(2);
    const runtime = 'runtime { databaseSync { consecutiveFailures } acquisition { consecutiveFailures } }';
    const sync = await field.ask<{ replicas: object[] }>(`{ replicas(alive: true) { ${runtime} } }`);
    const well = { databaseSync: { consecutiveFailures: 0 }, acquisition: { consecutiveFailures: 0 } };
    expect(sync.data?.replicas).toEqual(Array(3).fill({ runtime: well }));
    const show = await field.chatCommand('show', id);
    expect(show.code).toBe(0);
    const call = /call-\S+/.exec(show.stdout)?.[0] ?? '';
    expect(await field.chatCommand('list', '--owner', ownerId)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(id),
    });
    expect(await field.chatCommand('tool-result', id, `${call}=42`)).toMatchObject({ code: 0 });
    const end = await field.diagnosed(id, 'it is answered', ({ executionState }) => executionState === 'W');
    expect(end.verdict).toBe('IDLE');
  });
});

test('8: a chat that twelve owners lose one after the other, 1.5 s apart, is OWNERS_LOST and a suspect', async () => {
  const id = await createStalled();
  for (let handOver = 0; handOver < 12; handOver += 1) {
    const runner = await field.column(id, 'runner_id');
    // The owner's event loop stands still, so that its lease grows old.
    const age = async () => {
      await field.pool.query(
        `UPDATE chat_heartbeats SET heartbeat_at = now() - interval '1 minute' WHERE chat_id = $1 AND runner_id = $2`,
        [id, runner],
      );
      return field.column(id, 'runner_id');
    };
    await eventually('another owner takes it', age, (now) => now !== runner);
    await systemClock.sleep(1_500);
  }
  const seen = await field.found(id, 'OWNERS_LOST', 5_000);
  expect(seen).toMatchObject({ executionState: 'R0', verdict: 'STUCK', severities: { OWNERS_LOST: 'CRITICAL' } });
  expect(wordsOf(seen, 'OWNERS_LOST')).toMatch(/interrupt/);
  expect(wordsOf(seen, 'OWNERS_LOST')).not.toContain('release');
  expect(await field.suspects()).toContain(id);
  await field.store.apply(id, { name: 'interrupt' });
});

describe('10: a transaction that is idle in another session holds the row of a chat that nobody owns yet', () => {
  test('says who holds it, and since when', async () => {
    const { databaseUrl } = field.system;
    const id = await field.createAtRest();
    // Whoever adds a message to a chat, and does not commit, holds its row so.
    const hold = 'SELECT FROM chats WHERE id = $1 FOR KEY SHARE';
    await whileIdleInTransaction(databaseUrl, 'a nightly report', [hold, id], async ({ processId }) => {
      await field.pool.query(`UPDATE chats SET status = 'running', updated_at = now() WHERE id = $1`, [id]);
      const seen = await field.found(id, 'ROW_LOCKED');
      expect(seen).toMatchObject({ verdict: 'STUCK', severities: { ROW_LOCKED: 'CRITICAL', NO_OWNER: 'WARNING' } });
      expect(JSON.stringify(seen)).not.toContain('a nightly report');
      expect(JSON.stringify(seen)).not.toContain(String(processId));

      const lockedBy = 'lockedBy { processId applicationName state transactionSeconds }';
      const holder = { processId, applicationName: 'a nightly report', state: 'idle in transaction' };
      expect(await field.chat(id, `database { trouble { rowLocked ${lockedBy} } }`)).toEqual({
        database: { trouble: { rowLocked: true, lockedBy: { ...holder, transactionSeconds: expect.any(Number) } } },
      });
      expect(await field.suspects()).toContain(id);

      const query = `query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { database { trouble { ${lockedBy} } } } }`;
      const owner = await field.tokenOf((await field.column(id, 'owner_id')) ?? '');
      expect(await field.ask(query, { id }, owner)).toEqual({
        status: 200,
        data: { chatDebugSnapshot: { database: { trouble: { lockedBy: null } } } },
        errors: [],
      });
    });
    const end = await field.diagnosed(
      id,
      'it is answered once the row is free',
      ({ executionState }) => executionState === 'W',
    );
    expect(end.verdict).toBe('IDLE');
  });

  test('the same for a row that its worker has begun to work on', async () => {
    const id = await createStalled();
    const lock = 'SELECT FROM chats WHERE id = $1 FOR UPDATE';
    await whileIdleInTransaction(field.system.databaseUrl, 'psql', [lock, id], async () => {
      const interrupted = field.store.apply(id, { name: 'interrupt' }); // waits for the row, too
      const seen = await field.found(id, 'ROW_LOCKED');
      expect(seen.severities).toMatchObject({ ROW_LOCKED: 'CRITICAL' });
      interrupted.catch(() => {});
    });
    await field.diagnosed(id, 'it is interrupted', ({ executionState }) => executionState === 'W');
  });
});

describe('13: a row that is an hour ahead of the clock', () => {
  test('is settled: its owner, alive and without a runner, is found out', async () => {
    const { id, runnerId } = await insertOwned({ updatedAt: `now() + interval '1 hour'`, beatAt: 'now()' });
    await whileBeating(id, runnerId, async () => {
      const seen = await field.found(id, 'CLOCK_AHEAD');
      expect(seen).toMatchObject({
        verdict: 'STUCK',
        severities: { CLOCK_AHEAD: 'WARNING', RUNNER_MISSING: 'CRITICAL' },
      });
      const { database } = await field.chat<{ database: { updatedAgeSeconds: number } }>(
        id,
        'database { updatedAgeSeconds }',
      );
      expect(database.updatedAgeSeconds).toBeLessThan(-3_500);
      expect(await field.suspects()).toContain(id);
    });
  });

  test('and a lease that is an hour ahead is not fresh: a worker takes the chat', async () => {
    const { id } = await insertOwned({ updatedAt: 'now()', beatAt: `now() + interval '1 hour'` });
    const end = await field.diagnosed(id, 'it is answered', ({ executionState }) => executionState === 'W');
    expect(end.verdict).toBe('IDLE');
  });
});

describe('17: a parent that waits for children that will not answer', () => {
  const LOST = [
    ['INVALID', `status = 'paused'`],
    ['E0', `status = 'error', last_error = '{"kind": "auth", "retryable": false}'`],
    ['XW', 'archived = true'],
  ] as const;
  test.each(LOST)('one that is %s is named', async (state, change) => {
    const ownerId = randomUUID();
    const parent = await field.create('/tool ask', { ownerId });
    await field.diagnosed(parent, 'it waits', ({ executionState }) => executionState === 'A0');
    const child = async () => {
      const id = await insertChat(field.pool, { owner_id: ownerId, title: 'a child' });
      await field.pool.query('UPDATE chats SET parent_chat_id = $2, root_chat_id = $2 WHERE id = $1', [id, parent]);
      return id;
    };
    const [well, lost] = [await child(), await child()];
    await field.pool.query(`UPDATE chats SET ${change} WHERE id = $1`, [lost]);

    const seen = await field.found(parent, 'CHILD_LOST');
    expect(seen).toMatchObject({ verdict: 'WAITING', severities: { CHILD_LOST: 'WARNING', ACTION_PENDING: 'INFO' } });
    expect(wordsOf(seen, 'CHILD_LOST')).toContain(lost);
    const fields =
      'database { lostChildren { chatId executionState } children { edges { node { chatId executionState } } } }';
    const { database } = await field.chat<{
      database: { lostChildren: object[]; children: { edges: { node: object }[] } };
    }>(parent, fields);
    expect(database.lostChildren).toEqual([{ chatId: lost, executionState: state }]);
    expect(database.children.edges.map(({ node }) => node)).toEqual(
      expect.arrayContaining([
        { chatId: well, executionState: 'W' },
        { chatId: lost, executionState: state },
      ]),
    );
    const listed = await field.ask(
      'query ($id: UUID!) { chats(filter: { parentChatId: $id }) { edges { node { chatId } } } }',
      { id: parent },
    );
    expect(JSON.stringify(listed.data)).toContain(well);
    expect(await field.suspects()).toContain(parent);
  });
});

test('20: a chat at rest that names a stopped owner is answered when the person sends, and is never said to be stuck', async () => {
  const id = await field.createAtRest();
  const stopped = await insertReplica(field.pool, { stopped_at: 'now()' });
  await field.pool.query('UPDATE chats SET worker_id = $2, runner_id = gen_random_uuid() WHERE id = $1', [id, stopped]);
  await field.send(id, 'and again');
  const verdicts: string[] = [];
  await eventually(
    'it is answered',
    async () => {
      const { verdict, executionState } = await field.diagnose(id);
      verdicts.push(verdict);
      return executionState;
    },
    (state) => state === 'W',
  );
  expect(verdicts).not.toContain('STUCK');
});

test('24: a retry that is due in 2099 is overdue: no worker waits that long', async () => {
  const id = await createStalled();
  const retry = { attempt: 2, error: 'Too many requests', kind: 'rate_limit', retrying_at: '2099-01-01T00:00:00Z' };
  await field.pool.query('UPDATE chats SET retry_state = $2 WHERE id = $1', [id, retry]);
  const seen = await field.diagnose(id);
  expect(seen).toMatchObject({ verdict: 'STUCK', severities: { RETRY_OVERDUE: 'CRITICAL' } });
  expect(wordsOf(seen, 'RETRY_OVERDUE')).not.toContain('has been due for');
  expect(await field.suspects()).toContain(id);
  await field.store.apply(id, { name: 'interrupt' });
});

describe('30: what is much, or strange to a terminal', () => {
  test('100,000 queued messages, and a chat without any, are answered like others', async () => {
    const [full, empty] = [await insertChat(field.pool, { status: 'error' }), await insertChat(field.pool)];
    await queueMessages(field.pool, full, 100_000);
    const fields =
      'executionState database { queueDepth messageStats { total } lastMessage { role } } diagnosis { verdict }';
    expect(await field.chat(full, fields)).toEqual({
      executionState: 'E1',
      database: { queueDepth: 100_000, messageStats: { total: 0 }, lastMessage: null },
      diagnosis: { verdict: 'STUCK' },
    });
    expect(await field.chat(empty, fields)).toEqual({
      executionState: 'W',
      database: { queueDepth: 0, messageStats: { total: 0 }, lastMessage: null },
      diagnosis: { verdict: 'IDLE' },
    });
  });

  test('3 MB of last_error are cut in what is said', async () => {
    const last_error = {
      kind: 'model',
      message: 'e'.repeat(3_000_000),
      provider: 'p',
      status_code: 400,
      retryable: false,
    };
    const id = await insertChat(field.pool, { status: 'error', last_error: JSON.stringify(last_error) });
    const seen = await field.diagnose(id);
    expect(seen.verdict).toBe('FAILED');
    expect(JSON.stringify(seen).length).toBeLessThan(10_000);
    const { code, stdout } = await field.chatDebug('why', id);
    expect({ code, isShort: stdout.length < 10_000 }).toEqual({ code: 1, isShort: true });
  });

  test('escape codes and overrides of the direction of text do not reach the terminal', async () => {
    const odd = 'red \u001b[31m, bell \u0007, reversed \u202etxt.exe\u202c, isolated \u2066a\u2069, mark \u200f';
    const last_error = { kind: odd, message: odd, provider: odd, status_code: 400, retryable: false };
    const id = await insertChat(field.pool, { title: odd, status: 'error', last_error: JSON.stringify(last_error) });
    const outputs = await Promise.all([
      field.chatDebug('why', id),
      field.chatDebug('snapshot', id),
      field.chatCommand('list'),
      field.chatCommand('show', id),
    ]);
    for (const { stdout } of outputs) {
      expect(stdout).toContain(id);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/);
    }
  });
});

oddRows(field);
farRows(field);
refusedWrites(field);

test('25: leases of chats at rest do not keep the clean-up from those that nobody names', async () => {
  const left = async () => {
    const { rows } = await field.pool.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM chat_heartbeats beat JOIN chats ON chats.id = beat.chat_id
       WHERE chats.owner_id = $1 AND chats.runner_id <> beat.runner_id`,
      [LEFT_OVER],
    );
    return rows[0]?.count;
  };
  await eventually('the others are gone', left, (count) => count === 0, CLEAN_UP_LIMIT_MS);
});
