/** A database that lacks a part of what is read: only what depends on it is lost, and words say so. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { createDatabase } from '../../support/database.ts';
import { insertHealthyChat, insertMessages, insertReplica } from './support/rows.ts';
import { type Ask, asking, start } from './support/subgraph.ts';

const FIELDS = `executionState everywhere { workerId } database {
  status queueDepth title createdAt queueVersion lastError parentChatId children { edges { cursor } } lostChildren { chatId }
  requiresActionDeadlineAt heartbeat { runnerId } heartbeatState heartbeatsReadable oldestQueuedAgeSeconds
  messageStats { total } lastMessage { role hasText } turn { steps } openCalls { id } trouble { ownerRow canWrite } unreadable }`;

interface Told {
  readonly data: Record<string, unknown>;
  /** The messages of errors by the last name of their paths. */
  readonly errors: Readonly<Record<string, string>>;
  readonly ready: readonly [number, string];
  readonly ask: Ask;
}

/** Answer on a healthy chat to a role that may read everything, after `change`. */
async function told(change: (role: string) => string): Promise<Told> {
  const database = await createDatabase();
  const { pool } = database;
  const role = `reader_${randomUUID().replaceAll('-', '')}`;
  await pool.query(`CREATE ROLE ${role} LOGIN PASSWORD 'test'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`);
  const { id } = await insertHealthyChat(pool, { worker_id: await insertReplica(pool) });
  await insertMessages(pool, id, 'user', 2);
  await pool.query(change(role));
  const url = new URL(database.url);
  url.username = role;
  const server = await start({ databaseUrl: url.href });
  const ask = asking(() => server.url);
  try {
    const response = await fetch(`${server.url}/readyz`);
    const { data, errors, text } = await ask(`query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { ${FIELDS} } }`, {
      id,
    });
    expect(text).not.toMatch(/SELECT "|permission denied|prisma|stack|INTERNAL/i);
    const snapshot = data?.chatDebugSnapshot as Record<string, Record<string, unknown>> | null;
    return {
      data: { ...snapshot, ...snapshot?.database },
      errors: Object.fromEntries(errors.map(({ path, message }) => [String(path?.at(-1)), message])),
      ready: [response.status, await response.text()],
      ask: await askedBefore(ask, [
        '{ database { missing notReadable notAnswered { name reason isRequired costs } } }',
        SUSPECTS,
        OF_PARENT,
      ]),
    };
  } finally {
    await server.stop();
    await drop(pool, role);
    await database.drop();
  }
}

const OF_PARENT = `{ chats(filter: { parentChatId: "${randomUUID()}" }) { edges { cursor } } }`;
const SUSPECTS = '{ chats(filter: { suspect: true }) { edges { cursor } } }';

/** The answers of the subgraph before it stopped. */
async function askedBefore(ask: Ask, queries: readonly string[]): Promise<Ask> {
  const answers = new Map<string, Awaited<ReturnType<Ask>>>();
  for (const query of queries) answers.set(query, await ask(query));
  return async (query) => {
    const answer = answers.get(query);
    if (!answer) throw new Error(`Nobody asked ${query}`);
    return answer;
  };
}

async function drop(pool: pg.Pool, role: string): Promise<void> {
  await pool.query(`DROP OWNED BY ${role}`);
  await pool.query(`DROP ROLE ${role}`);
}

const revoke = (table: string) => (role: string) => `REVOKE SELECT ON ${table} FROM ${role}`;
const noRight = (name: string) =>
  `The database does not let this service read \`${name}\`. Grant its user SELECT on them.`;

test('where nothing is lacking, nothing is said', async () => {
  const { errors, ready, data } = await told(() => 'SELECT true');
  expect([errors, ready]).toEqual([{}, [200, 'ok']]);
  expect(data).toMatchObject({ executionState: 'R0', unreadable: [], heartbeatState: 'FRESH' });
});

describe('a table that may not be read', () => {
  test('of messages costs counts and turns', async () => {
    const { data, errors, ready, ask } = await told(revoke('chat_messages'));
    expect(Object.keys(errors).sort()).toEqual(['lastMessage', 'messageStats', 'openCalls', 'turn']);
    expect(new Set(Object.values(errors))).toEqual(new Set([noRight('chat_messages')]));
    expect(data).toMatchObject({ executionState: 'R0', heartbeatState: 'FRESH', messageStats: null });
    expect(data.unreadable).toEqual(expect.arrayContaining(['lastMessage', 'turn', 'openCalls', 'messageStats']));
    expect(ready[0]).toBe(200);
    expect(ready[1]).toMatch(
      /^ok\nThe database does not let this service read `chat_messages`\.\nNot answered for that: /,
    );
    expect((await ask(SUSPECTS)).errors).toEqual([]);
  });

  test('of leases costs what is said of leases', async () => {
    const { data, errors, ready, ask } = await told(revoke('chat_heartbeats'));
    expect(errors).toEqual({ heartbeat: noRight('chat_heartbeats'), heartbeatState: noRight('chat_heartbeats') });
    expect(data).toMatchObject({ executionState: 'R0', heartbeatsReadable: false, messageStats: { total: 2 } });
    expect(ready[0]).toBe(200);
    expect((await ask(SUSPECTS)).errors).toEqual([]);
  });

  test('of replicas costs what is said of owners', async () => {
    const { data, errors, ready, ask } = await told(revoke('replicas'));
    expect(errors).toEqual({ everywhere: noRight('replicas'), ownerRow: noRight('replicas') });
    expect(data).toMatchObject({ executionState: 'R0', heartbeatState: 'FRESH', trouble: { canWrite: true } });
    expect(ready[0]).toBe(200);
    expect((await ask(SUSPECTS)).errors).toEqual([]);
  });

  test.each(['chat_queued_messages', 'chats'])('of %s is needed', async (table) => {
    const { errors, ready } = await told(revoke(table));
    expect(new Set(Object.values(errors))).toEqual(new Set([noRight(table)]));
    expect(ready).toEqual([503, `The database does not let this service read \`${table}\`.`]);
  });
});

describe('a column', () => {
  test('without its content a message says nothing of its calls, and everything else', async () => {
    const columns = 'id, chat_id, role, deleted, created_at';
    const change = (role: string) =>
      `${revoke('chat_messages')(role)}; GRANT SELECT (${columns}) ON chat_messages TO ${role}`;
    const { data, errors } = await told(change);
    expect(errors).toEqual({ turn: noRight('chat_messages.content'), openCalls: noRight('chat_messages.content') });
    expect(data).toMatchObject({ messageStats: { total: 2 }, lastMessage: { role: 'user', hasText: null } });
  });

  test.each([
    ['created_at', 'createdAt'],
    ['queue_version', 'queueVersion'],
  ])('chats.%s that is not there costs its field', async (column, field) => {
    const { data, errors, ready } = await told(() => `ALTER TABLE chats DROP COLUMN ${column} CASCADE`);
    expect(Object.keys(errors)).toEqual([field]);
    expect(errors[field]).toContain(`\`chats.${column}\``);
    expect(data).toMatchObject({ executionState: 'R0', unreadable: [field], [field]: null });
    expect(ready[0]).toBe(200);
    expect(ready[1]).toContain(`The database lacks \`chats.${column}\``);
  });

  test('chats.parent_chat_id that is not there costs families', async () => {
    const { data, errors, ask } = await told(() => 'ALTER TABLE chats DROP COLUMN parent_chat_id CASCADE');
    expect(Object.keys(errors).sort()).toEqual(['children', 'lostChildren', 'parentChatId']);
    expect(data).toMatchObject({ executionState: 'R0', children: null });
    const { errors: ofFilter } = await ask(OF_PARENT);
    expect(ofFilter).toMatchObject([{ extensions: { code: 'SCHEMA_UNSUPPORTED' } }]);
  });

  test('of another type is as good as none, and is called so', async () => {
    const change =
      'ALTER TABLE chat_queued_messages ALTER COLUMN created_at DROP DEFAULT, ALTER COLUMN created_at TYPE text';
    const { data, errors, ask } = await told(() => change);
    expect(Object.keys(errors)).toEqual(['oldestQueuedAgeSeconds']);
    expect(errors.oldestQueuedAgeSeconds).toContain('`chat_queued_messages.created_at` with a type');
    expect(data).toMatchObject({ executionState: 'R0', queueDepth: 0 });
    const { data: health } = await ask(
      '{ database { missing notReadable notAnswered { name reason isRequired costs } } }',
    );
    expect(health?.database).toEqual({
      missing: [],
      notReadable: ['chat_queued_messages.created_at'],
      notAnswered: [
        {
          ...{ name: 'chat_queued_messages.created_at', reason: 'TYPE', isRequired: false },
          costs: ['oldestQueuedAgeSeconds'],
        },
      ],
    });
  });
});
