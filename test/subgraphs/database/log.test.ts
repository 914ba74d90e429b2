/** Log lines for what the client is not told. */
import { Writable } from 'node:stream';
import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { signInternalToken } from '../../../server/tokens/internalToken.ts';
import { databasePerFile } from '../../support/database.ts';
import { startPostgresProxy } from '../../support/postgresProxy.ts';
import { insertChat } from './support/rows.ts';
import { asking, OPERATOR, SECRET, start } from './support/subgraph.ts';

const database = databasePerFile();

/** The lines that a subgraph writes about what goes wrong while it answers one query, and the answer. */
async function logOf(databaseUrl: string, query: string, databaseTimeoutMs = 20_000) {
  const lines: Record<string, unknown>[] = [];
  const stream = new Writable({
    write: (line, _encoding, done) => {
      lines.push(JSON.parse(String(line)));
      done();
    },
  });
  const server = await start({ databaseUrl, databaseTimeoutMs, log: pino({ level: 'warn' }, stream) });
  const answer = await asking(() => server.url)(query);
  await server.stop();
  return { lines, answer };
}

test('a database that refuses a connection is named once, with its reason', async () => {
  const { lines, answer } = await logOf(
    'postgres://nobody@127.0.0.1:1/nothing',
    '{ chats { edges { cursor } } replica(id: "00000000-0000-4000-8000-000000000001") { id } }',
  );
  expect(answer.text).not.toContain('127.0.0.1');
  expect(lines).toMatchObject([{ level: 40, reason: expect.stringContaining("Can't reach database server") }]);
});

test('a defect is written down with the field that it struck', async () => {
  const id = await insertChat(database.pool);
  await database.pool.query(`
    ALTER TABLE chat_queued_messages RENAME TO queued;
    CREATE VIEW chat_queued_messages AS
      SELECT n::int8 AS id, ('no uuid ' || n)::uuid AS chat_id, '{}'::jsonb AS content, n::int8 AS position,
             NULL::uuid AS created_by, now() AS created_at
      FROM generate_series(1, 1) AS n`);
  const { lines, answer } = await logOf(database.url, `{ chatDebugSnapshot(chatId: "${id}") { executionState } }`);
  expect(answer.errors[0]?.message).toBe('Something went wrong in the service. Its log says what.');
  expect(lines).toContainEqual(
    expect.objectContaining({
      level: 50,
      path: ['chatDebugSnapshot', 'executionState'],
      requestId: expect.any(String),
      err: expect.objectContaining({ message: expect.stringContaining('invalid input syntax for type uuid') }),
    }),
  );
  const token = await signInternalToken(SECRET, 'database', OPERATOR);
  expect(JSON.stringify(lines)).not.toContain(token.slice(0, 20));
});

test('a database that falls silent is named once for a request, with what it was asked last', async () => {
  const tap = await startPostgresProxy(database.url);
  tap.freeze();
  const { lines, answer } = await logOf(
    tap.url,
    '{ a: chats { edges { cursor } } b: chats { edges { cursor } } }',
    500,
  );
  await tap.close();
  expect(answer.errors).toMatchObject([{ extensions: { code: 'DATABASE_UNAVAILABLE' } }]);
  const msg = 'the database took longer than a reading may';
  const late = { level: 40, requestId: expect.any(String), question: 'connect', timeoutMs: 500 };
  expect(lines.filter((line) => line.msg === msg)).toMatchObject([late]);
});

test('what is wrong with a request is no line in the log', async () => {
  const { lines } = await logOf(database.url, '{ chats(first: 0) { edges { cursor } } nonsense }');
  expect(lines).toEqual([]);
});
