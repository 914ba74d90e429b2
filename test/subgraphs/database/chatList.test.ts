import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeCursor, encodeCursor } from '../../../subgraphs/database/cursor.ts';
import { databasePerFile } from '../../support/database.ts';
import { insertChat, insertHeartbeat, queueMessages } from './support/rows.ts';
import { OPERATOR, subgraphPerFile, user } from './support/subgraph.ts';

const database = databasePerFile();
const ask = subgraphPerFile(database);

interface Connection {
  edges: { cursor: string; node: { chatId: string } }[];
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null };
}

const QUERY = `query ($filter: ChatFilter, $first: Int, $after: String) {
  chats(filter: $filter, first: $first, after: $after) {
    edges { cursor node { chatId } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`;

async function list(variables: Record<string, unknown>, caller = OPERATOR): Promise<Connection> {
  const { data, errors } = await ask(QUERY, variables, caller);
  expect(errors).toEqual([]);
  return data?.chats as Connection;
}

const idsOf = ({ edges }: Connection) => edges.map(({ node }) => node.chatId);

/** Every id of every page. */
async function walk(filter: Record<string, unknown>, first: number): Promise<string[]> {
  const ids: string[] = [];
  for (let after: string | null = null; ; ) {
    const page: Connection = await list({ filter, first, after });
    ids.push(...idsOf(page));
    expect(page.pageInfo.hasPreviousPage).toBe(after !== null);
    expect(page.pageInfo.startCursor).toBe(page.edges[0]?.cursor ?? null);
    expect(page.pageInfo.endCursor).toBe(page.edges.at(-1)?.cursor ?? null);
    if (!page.pageInfo.hasNextPage) return ids;
    after = page.pageInfo.endCursor;
  }
}

/** Chats of one owner, for a test that must not see those of others. */
async function family(count: number, columns: (i: number) => Parameters<typeof insertChat>[1] = () => ({})) {
  const ownerId = randomUUID();
  const ids: string[] = [];
  for (let i = 0; i < count; i += 1) ids.push(await insertChat(database.pool, { owner_id: ownerId, ...columns(i) }));
  return { ownerId, ids };
}

test('a title is cut where it lies, so that a hundred long ones fill no memory', async () => {
  const { ownerId } = await family(1, () => ({ title: '😀'.repeat(1_000_000) }));
  const { data } = await ask(
    'query ($id: UUID!) { chats(filter: { ownerId: $id }) { edges { node { database { title } } } } }',
    { id: ownerId },
  );
  const chats = data?.chats as { edges: { node: { database: { title: string } } }[] } | undefined;
  expect(chats?.edges.map(({ node }) => [...node.database.title].length)).toEqual([10_000]);
});

describe('the order of the list', () => {
  test('is newest update first, also where only microseconds differ; ties by id, descending', async () => {
    const times = ['00:00:00.000001', '00:00:00.000002', '00:00:00.000003', '00:00:00.000003', '00:00:01'];
    const { ownerId, ids } = await family(5, (i) => ({
      id: `0000000${i}-0000-4000-8000-${randomUUID().slice(24)}`,
      updated_at: `'2026-01-01 ${times[i]}Z'`,
    }));
    const expected = [4, 3, 2, 1, 0].map((i) => ids[i]);
    expect(idsOf(await list({ filter: { ownerId } }))).toEqual(expected);
    for (const first of [1, 2, 3, 5, 100]) expect(await walk({ ownerId }, first)).toEqual(expected);
  });

  test('is oldest update first for suspects; ties by id, ascending', async () => {
    const { ownerId, ids } = await family(3, (i) => ({
      id: `0000000${i}-0000-4000-8000-${randomUUID().slice(24)}`,
      status: 'running',
      updated_at: i === 2 ? `'2026-01-01 00:00:00.000001Z'` : `'2026-01-01 00:00:00.000002Z'`,
    }));
    const expected = [2, 0, 1].map((i) => ids[i]);
    for (const first of [1, 2, 3]) expect(await walk({ ownerId, suspect: true }, first)).toEqual(expected);
    expect(await walk({ ownerId, suspect: false }, 1)).toEqual([]);
  });

  test('survives chats that move between two pages: none of the others is skipped or repeated', async () => {
    const { ownerId, ids } = await family(4, (i) => ({ updated_at: `'2026-01-01 00:00:0${i}Z'` }));
    const first = await list({ filter: { ownerId }, first: 2 });
    await database.pool.query('UPDATE chats SET updated_at = now() WHERE id = $1', [ids[0]]);
    const second = await list({ filter: { ownerId }, first: 2, after: first.pageInfo.endCursor });
    expect([...idsOf(first), ...idsOf(second)]).toEqual([ids[3], ids[2], ids[1]]);
  });
});

describe('first', () => {
  test('left out or null is 20; 1 and 100 are accepted', async () => {
    const { ownerId } = await family(101);
    const filter = { ownerId };
    expect((await list({ filter })).edges).toHaveLength(20);
    expect((await list({ filter, first: null })).edges).toHaveLength(20);
    expect((await list({ filter, first: 1 })).edges).toHaveLength(1);
    const most = await list({ filter, first: 100 });
    expect([most.edges.length, most.pageInfo.hasNextPage]).toEqual([100, true]);
  });

  test.each([0, -1, 101, 2 ** 31 - 1])('%i is refused', async (first) => {
    const { errors, data } = await ask(QUERY, { first });
    expect(data).toBeNull();
    expect(errors).toMatchObject([
      { message: `\`first\` must be 1 to 100. Received ${first}.`, extensions: { code: 'BAD_USER_INPUT' } },
    ]);
  });
});

describe('a cursor', () => {
  const content = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString('base64url');
  const id = randomUUID();
  const moment = '2026-01-01T00:00:00.000001Z';

  test.each([
    ['nothing', ''],
    ['any text', 'hello'],
    ['other JSON', content('newest')],
    ['a month 13', content('newest', '2026-13-01T00:00:00.000001Z', id)],
    ['a day that is none', content('newest', '2026-02-30T00:00:00.000001Z', id)],
    ['a year that Postgres does not know', content('newest', '0000-01-01T00:00:00.000001Z', id)],
    ['milliseconds', content('newest', '2026-01-01T00:00:00.001Z', id)],
    ['no id', content('newest', moment, `${id}'`)],
    ['an order that is none', content('best', moment, id)],
    ['another list’s order', content('oldest', moment, id)],
  ])('that is %s is refused', async (_what, after) => {
    const { errors, data } = await ask(QUERY, { after });
    expect(data).toBeNull();
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    expect(errors[0]?.message).toContain('`after`');
  });

  test('of the plain list is refused by the list of suspects', async () => {
    const after = content('newest', moment, id);
    const { errors } = await ask(QUERY, { after, filter: { suspect: true } });
    expect(errors).toMatchObject([{ message: expect.stringContaining('another order') }]);
    expect((await list({ after, filter: { suspect: false, ownerId: id } })).edges).toEqual([]);
  });

  test('is decoded to what was encoded', () => {
    const microseconds = fc.date({ noInvalidDate: true, min: new Date('1970-01-01'), max: new Date('9999-12-31') });
    fc.assert(
      fc.property(
        fc.constantFrom('newest', 'oldest'),
        microseconds,
        fc.nat(999),
        fc.uuid(),
        (order, date, micros, chatId) => {
          const updatedAt = date.toISOString().replace('Z', `${String(micros).padStart(3, '0')}Z`);
          expect(decodeCursor(order, encodeCursor(order, { updatedAt, chatId }))).toEqual({ updatedAt, chatId });
        },
      ),
    );
  });
});

describe('the filter', () => {
  test('by status takes the column as text, and an empty list matches nothing', async () => {
    const statuses = ['waiting', 'running', 'paused'];
    const { ownerId, ids } = await family(3, (i) => ({ status: statuses[i] ?? '' }));
    const found = async (status: string[] | null) => idsOf(await list({ filter: { ownerId, status } })).sort();
    expect(await found(['running'])).toEqual([ids[1]]);
    expect(await found(['paused', 'waiting', 'nonsense'])).toEqual([ids[0], ids[2]].sort());
    expect(await found(['WAITING'])).toEqual([]);
    expect(await found([])).toEqual([]);
    expect(await found(null)).toEqual([...ids].sort());
  });

  test('by executionState finds exactly the chats that show that state', async () => {
    const ownerId = randomUUID();
    const { rows } = await database.pool.query('SELECT unnest(enum_range(NULL::chat_status))::text AS status');
    for (const { status } of rows) {
      for (const archived of [true, false]) {
        for (const depth of [0, 1]) {
          const id = await insertChat(database.pool, { owner_id: ownerId, status, archived });
          await queueMessages(database.pool, id, depth);
        }
      }
    }
    const all = await ask(
      `{ chats(first: 100, filter: { ownerId: "${ownerId}" }) { edges { node { chatId executionState } } } }`,
    );
    const shown = (all.data as { chats: { edges: { node: { chatId: string; executionState: string } }[] } }).chats
      .edges;
    expect(shown).toHaveLength(32);
    const states = [...new Set(shown.map(({ node }) => node.executionState))];
    expect(states).toHaveLength(13);
    for (const state of states) {
      const expected = shown.filter(({ node }) => node.executionState === state).map(({ node }) => node.chatId);
      expect(idsOf(await list({ first: 100, filter: { ownerId, executionState: [state] } }))).toEqual(expected);
    }
    expect(idsOf(await list({ filter: { ownerId, executionState: [] } }))).toEqual([]);
    expect(idsOf(await list({ first: 100, filter: { ownerId, executionState: states } }))).toHaveLength(32);
  });

  test('by workerId, owned and ownerId looks at the row alone, and all conditions must hold', async () => {
    const workerId = randomUUID();
    const { ownerId, ids } = await family(3, (i) => ({
      worker_id: i === 0 ? workerId : i === 1 ? randomUUID() : null,
    }));
    const found = async (filter: Record<string, unknown>) => idsOf(await list({ filter })).sort();
    expect(await found({ workerId: workerId.toUpperCase() })).toEqual([ids[0]]);
    expect(await found({ ownerId, owned: true })).toEqual([ids[0], ids[1]].sort());
    expect(await found({ ownerId, owned: false })).toEqual([ids[2]]);
    expect(await found({ ownerId, owned: false, workerId })).toEqual([]);
    expect(await found({ ownerId: randomUUID(), workerId })).toEqual([]);
    expect(
      await found({ ownerId, owned: null, workerId: null, suspect: null, heartbeat: null, executionState: null }),
    ).toHaveLength(3);
  });

  test('by heartbeat looks at the runner that the row names, in runnable chats only', async () => {
    const { pool } = database;
    const ownerId = randomUUID();
    const chat = async (status: string, at: string | undefined, more: Record<string, unknown> = {}) => {
      const runnerId = randomUUID();
      const id = await insertChat(pool, { owner_id: ownerId, status, runner_id: runnerId, ...more });
      if (at) await insertHeartbeat(pool, id, runnerId, at);
      return id;
    };
    const fresh = await chat('running', 'now()');
    const future = await chat('interrupting', `now() + interval '1 hour'`);
    const stale = await chat('requires_action', `now() - interval '31 seconds'`);
    const missing = await chat('running', undefined);
    await insertHeartbeat(pool, missing, randomUUID()); // of another runner
    await chat('running', undefined, { runner_id: null }); // names none, so none is missing
    await chat('waiting', 'now()');
    await chat('error', `now() - interval '1 hour'`);
    await chat('running', undefined, { archived: true });
    const found = async (heartbeat: string) => idsOf(await list({ filter: { ownerId, heartbeat } })).sort();
    expect(await found('FRESH')).toEqual([fresh]);
    expect(await found('STALE')).toEqual([stale, future].sort());
    expect(await found('MISSING')).toEqual([missing]);
  });

  test.each([
    ['an execution state that is none', { executionState: ['R2'] }],
    ['a malformed id', { workerId: 'x' }],
    ['a field that is none', { nonsense: true }],
  ])('with %s is refused', async (_what, filter) => {
    const { status, errors } = await ask(QUERY, { filter });
    expect([status, errors[0]?.extensions.code]).toEqual([400, 'BAD_USER_INPUT']);
  });
});

test('without the role the list silently holds the caller’s own chats, whatever the filter says', async () => {
  const { ownerId, ids } = await family(2);
  const others = await family(2);
  const caller = user(ownerId);
  expect(idsOf(await list({}, caller)).sort()).toEqual([...ids].sort());
  expect(idsOf(await list({ filter: { ownerId: others.ownerId } }, caller))).toEqual([]);
  expect(idsOf(await list({ filter: { status: ['waiting'] } }, user(ownerId.toUpperCase()))).sort()).toEqual(
    [...ids].sort(),
  );
  expect(idsOf(await list({}, { sub: 'nobody', roles: ['other-role'] }))).toEqual([]);
});
