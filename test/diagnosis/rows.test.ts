/** Findings on rows that no worker can mend: by their content, their locks, and the clock. */
import { test } from '@jest/globals';
import { whileHeld } from '../support/locks.ts';
import { diagnosedSystemPerFile } from './support/system.ts';

const settings = {
  ...{ staleAfterSeconds: 30, heartbeatIntervalSeconds: 0.5, acquisitionIntervalSeconds: 1 },
  noProgressSeconds: 60,
};
const PICK_UP_SECONDS = settings.acquisitionIntervalSeconds + 2;
/** Seconds; a holder of less time is not told of. */
const HELD_SECONDS = 10;
const system = diagnosedSystemPerFile(settings);
const { create, finds, edit } = system;

test('a status of a newer version, a time that nobody can say, and one that has not come yet', async () => {
  const [newer, timeless, early] = await Promise.all([create('hello'), create('hello'), create('hello')]);
  await system.database.pool.query(`ALTER TYPE chat_status ADD VALUE 'compacting'`);
  await edit(newer, `UPDATE chats SET status = 'compacting' WHERE id = $1`);
  await edit(timeless, `UPDATE chats SET updated_at = 'infinity' WHERE id = $1`);
  await edit(early, `UPDATE chats SET updated_at = now() + interval '1 hour' WHERE id = $1`);
  await finds(newer, 'STATUS_UNKNOWN', 'WARNING', { within: 0, shown: true });
  await finds(timeless, 'VALUE_UNREADABLE', 'WARNING', { within: 0, shown: true });
  await finds(early, 'CLOCK_AHEAD', 'CRITICAL', { within: 0, shown: true });
});

test('a person’s message that stands last in a chat at rest', async () => {
  const chat = await create('hello');
  await edit(chat, `UPDATE chats SET status = 'waiting' WHERE id = $1`);
  await finds(chat, 'UNANSWERED', 'CRITICAL', { within: PICK_UP_SECONDS, shown: true });
});

test('a row that another session holds', async () => {
  const chat = await create('hello');
  await whileHeld(system.database.pool, [chat], () =>
    finds(chat, 'ROW_LOCKED', 'CRITICAL', { within: HELD_SECONDS, after: 'NO_OWNER', shown: true }),
  );
});

test('a database that takes no writes', async () => {
  const chat = await create('hello');
  const set = (how: string) =>
    system.database.pool.query(`DO $$ BEGIN EXECUTE format('ALTER DATABASE %I ${how}', current_database()); END $$`);
  await set('SET default_transaction_read_only = on');
  try {
    await finds(chat, 'DATABASE_READ_ONLY', 'CRITICAL', { within: PICK_UP_SECONDS, shown: true });
  } finally {
    await set('RESET default_transaction_read_only');
  }
});
