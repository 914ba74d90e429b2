/** Diagnoses of chats whose rows the database refuses: they name the cause, and never advise another owner. */
import { afterEach, expect, test } from '@jest/globals';
import type { FindingCode } from '../../domain/diagnosis/rules.ts';
import { whileHolding } from '../support/locks.ts';
import { until } from '../support/until.ts';
import { diagnosedSystemPerFile } from './support/system.ts';

const settings = { staleAfterSeconds: 40, heartbeatIntervalSeconds: 0.5, acquisitionIntervalSeconds: 1 };
const PICK_UP_SECONDS = settings.acquisitionIntervalSeconds + 2;
const system = diagnosedSystemPerFile(settings);
const { create, edit, finds } = system;

/** Makes the table refuse the rows of one chat. */
async function refuse(id: string, table: string, code: string): Promise<void> {
  await system.database.pool.query(`
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF new.chat_id = '${id}' THEN RAISE EXCEPTION 'a secret' USING ERRCODE = '${code}'; END IF;
      RETURN new;
    END $$;
    CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION refuse()`);
}
const accept = () => system.database.pool.query('DROP FUNCTION IF EXISTS refuse CASCADE');
afterEach(accept);

const messageOf = ({ findings }: { findings: readonly { code: FindingCode; message: string }[] }, code: FindingCode) =>
  findings.find((one) => one.code === code)?.message;

test('a lease that a constraint refuses, and the chats beside it', async () => {
  await Promise.all([system.startReplica(), system.startReplica()]);
  const [odd, well] = await Promise.all([create('/slow 600'), create('/slow 600')]);
  await system.until(odd, ({ generationAttempt }) => generationAttempt === 1);
  const { workerId } = await system.until(well, ({ generationAttempt }) => generationAttempt === 1);
  await refuse(odd, 'chat_heartbeats', '23514');
  await edit(odd, 'DELETE FROM chat_heartbeats WHERE chat_id = $1');
  await finds(odd, 'HEARTBEAT_MISSING', 'CRITICAL', { within: PICK_UP_SECONDS });
  const found = await until('the missing lease is explained by a refusal', async () => {
    const seen = await finds(odd, 'HEARTBEAT_MISSING', 'CRITICAL', { within: PICK_UP_SECONDS });
    return messageOf(seen, 'HEARTBEAT_MISSING')?.includes('refuses') ? seen : undefined; // once a renewal was tried
  });
  expect(found.verdict).toBe('STUCK');
  expect(messageOf(found, 'HEARTBEAT_MISSING')).toContain('the database refuses the row by a constraint (23514)');
  expect(found.summary).not.toContain('take it from');
  expect(JSON.stringify(found)).not.toContain('a secret');
  expect(await system.read(well)).toMatchObject({ workerId, generationAttempt: 1 });
  await accept();
  const leaseOf = async () =>
    (await system.database.pool.query('SELECT FROM chat_heartbeats WHERE chat_id = $1', [odd])).rowCount;
  await until('the chat has a lease', async () => (await leaseOf()) === 1);
});

test('a chat that no replica can take', async () => {
  const odd = await create('hello');
  await refuse(odd, 'chat_heartbeats', '42501');
  await Promise.all([system.startReplica(), system.startReplica()]);
  const found = await finds(odd, 'NO_OWNER', 'CRITICAL', { within: PICK_UP_SECONDS, after: 'NO_OWNER' });
  expect(messageOf(found, 'NO_OWNER')).toMatch(/does not give the user the right to do this \(42501\)/);
  await accept();
  await system.until(odd, ({ status }) => status === 'waiting');
});

test('an answer for which there is no room on the disk', async () => {
  const odd = await create('hello');
  await refuse(odd, 'chat_messages', '53100');
  await system.startReplica();
  const found = await finds(odd, 'NO_PROGRESS', 'CRITICAL', { within: 10 });
  expect(messageOf(found, 'NO_PROGRESS')).toContain('the database has no room left on its disk (DISK_FULL)');
  expect(found.summary).toContain('an operator should make room on the disk');
  await accept();
  await system.until(odd, ({ status }) => status === 'waiting');
});

test('leases that somebody’s lock delays', async () => {
  await system.startReplica();
  const chat = await create('/slow 600');
  await system.until(chat, ({ generationAttempt }) => generationAttempt === 1);
  await whileHolding(system.database.pool, 'LOCK TABLE chat_heartbeats IN EXCLUSIVE MODE', [], async () => {
    const found = await finds(chat, 'LEASE_ENDANGERED', 'WARNING', { within: 8 });
    expect(messageOf(found, 'LEASE_ENDANGERED')).toContain('another session holds the row or a table');
    expect(found.summary).toContain('should end the session');
  });
});
