/** `npm run chat` on a database that cannot do what is asked: one sentence, exit code 2, no stack, and in time. */
import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { rowIdArgument } from '../../cli/arguments.ts';
import { serversPerTest } from '../gateway/httpServers.ts';
import { insertChat } from '../subgraphs/database/support/rows.ts';
import { type Finished, runScript } from '../support/command.ts';
import { databasePerFile } from '../support/database.ts';

jest.setTimeout(120_000);
const database = databasePerFile();
const servers = serversPerTest();
const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
});

const chat = (args: readonly string[], url = database.url, more: Readonly<Record<string, string>> = {}) =>
  runScript('dist/cli/chat.js', args, {
    DATABASE_URL: url,
    DATA_DIR: '/nonexistent',
    DATABASE_TIMEOUT_MS: '5000',
    ...more,
  });
const expectSentence = (finished: Finished, stderr: string) =>
  expect(finished).toEqual({ code: 2, stdout: '', stderr: `${stderr}\n` });

/** A transaction of another session that stays open. */
async function meanwhile(sql: string, values: unknown[] = []): Promise<void> {
  const other = await database.pool.connect();
  undo.push(async () => {
    await other.query('ROLLBACK');
    other.release();
  });
  await other.query('BEGIN');
  await other.query(sql, values);
}

describe('npm run chat', () => {
  test('reads a database that takes no writes, and says so when it should write', async () => {
    const id = await insertChat(database.pool);
    const name = new URL(database.url).pathname.slice(1);
    await database.pool.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
    undo.push(() =>
      database.pool.query(
        `SET default_transaction_read_only = off; ALTER DATABASE ${name} RESET default_transaction_read_only`,
      ),
    );
    expect(await chat(['list'])).toMatchObject({ code: 0, stdout: expect.stringContaining(id) });
    expectSentence(
      await chat(['send', id, 'hello']),
      'The database takes no writes now: it is set to read-only, or it is a standby. Nothing was changed. (SQLSTATE 25006)',
    );
  });

  test('waits no longer than DATABASE_TIMEOUT_MS for a row or a table that another session holds', async () => {
    const id = await insertChat(database.pool);
    const locked =
      'Another session holds a lock that this needs. Nothing was changed. Try again once it has ended. (SQLSTATE 55P03)';
    await meanwhile('SELECT FROM chats WHERE id = $1 FOR UPDATE', [id]);
    expectSentence(await chat(['send', id, 'hello']), locked);
    expect(await chat(['list'])).toMatchObject({ code: 0 });
    await undo.pop()?.();
    await meanwhile('LOCK TABLE chats IN ACCESS EXCLUSIVE MODE');
    expectSentence(await chat(['list']), locked);
  });

  test('says that all connections are in use', async () => {
    const role = `r${randomUUID().replaceAll('-', '')}`;
    await database.pool.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret' CONNECTION LIMIT 0`);
    undo.push(() => database.pool.query(`DROP ROLE ${role}`));
    const url = new URL(database.url);
    [url.username, url.password] = [role, 'secret'];
    expectSentence(
      await chat(['list'], url.href),
      'All connections of the database, or of its user, are in use. Close some, or try again in a moment. (SQLSTATE 53300)',
    );
  });

  test('gives up on a server that takes the connection and says nothing', async () => {
    const { url } = await servers.hang();
    expectSentence(
      await chat(['list'], url.replace('http:', 'postgres:'), { DATABASE_TIMEOUT_MS: '500' }),
      'The database does not answer in time. Is the system running?',
    );
  });
});

test.each(['1', '9223372036854775807', '-9223372036854775808', '0'])('%s can be the number of a row', (id) => {
  expect(rowIdArgument(id)).toBe(id);
});
test.each(['9223372036854775808', '1.5', '01', '', 'first'])('%j cannot', (id) => {
  expect(() => rowIdArgument(id)).toThrow('It must be the number of a row.');
});
