/** A database error in a log, which never holds what it says of a row. */
import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from '@jest/globals';
import { systemClock } from '../../../common/clock.ts';
import { withoutDatabaseWords } from '../../../server/databaseWords.ts';
import { makeLogger } from '../../../server/log.ts';
import { connectDatabase } from '../../../subgraphs/database/client.ts';
import { databasePerFile } from '../../support/database.ts';

const database = databasePerFile();
beforeAll(async () => {
  await database.pool.query(`
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION E'no\\nto %', new.title; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON chats FOR EACH ROW EXECUTE FUNCTION refuse();
    CREATE TABLE odd (id int CONSTRAINT one_only UNIQUE, said text)`);
});

const thrownBy = (query: Promise<unknown>): Promise<Error> =>
  query.then(
    () => new Error('nothing was thrown'),
    (error: Error) => error,
  );

test('a trigger’s words are not there, nor where the error is the cause of another, nor in a stack', async () => {
  const insert = `INSERT INTO chats (owner_id, title) VALUES ($1, 'a secret')`;
  const error = await thrownBy(database.pool.query(insert, [randomUUID()]));
  expect(error.message).toContain('a secret');
  expect(withoutDatabaseWords(error)(error.message)).toBe(
    'SQLSTATE P0001: the database has a trigger that refuses the row',
  );
  const outer = new AggregateError([new Error('it failed', { cause: error })], 'no use');
  const without = withoutDatabaseWords(outer);
  expect(without(`${error.stack}`)).not.toContain('secret');
  expect(without(`it failed: ${error.message}`)).not.toContain('secret');
});

test('a constraint is named', async () => {
  await database.pool.query(`INSERT INTO odd VALUES (1)`);
  const error = await thrownBy(database.pool.query(`INSERT INTO odd VALUES (1)`));
  expect(withoutDatabaseWords(error)(error.message)).toBe(
    'SQLSTATE 23505: the database refuses the row by a constraint (one_only)',
  );
});

test('what a reader may not do is told in words that are no writer’s', async () => {
  const role = `reader_${randomUUID().replaceAll('-', '')}`;
  await database.pool.query(`CREATE ROLE ${role}`);
  const error = await thrownBy(database.pool.query(`SET ROLE ${role}; SELECT FROM odd`));
  await database.pool.query(`DROP ROLE ${role}`);
  expect(withoutDatabaseWords(error)(error.message)).toBe(
    'SQLSTATE 42501: the database does not give the user the right to do this',
  );
});

test('Prisma’s error about it tells no more', async () => {
  const client = connectDatabase({
    url: database.url,
    timeoutMs: 10_000,
    clock: systemClock,
    log: makeLogger('test', 'silent'),
  });
  const insert = `INSERT INTO chats (owner_id, title) VALUES (gen_random_uuid(), 'a secret')`;
  const error = await thrownBy(client.prisma.$executeRawUnsafe(insert)).finally(() => client.close());
  expect(error.message).toContain('a secret');
  const without = withoutDatabaseWords(error);
  expect(without(error.message)).toContain('SQLSTATE P0001');
  expect(without(`${error.message} ${error.stack}`)).not.toContain('secret');
});

test('any other error keeps its words', () => {
  const error = new Error('connect ECONNREFUSED');
  expect(withoutDatabaseWords(error)(error.message)).toBe(error.message);
});
