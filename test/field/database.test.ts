/** The database as the cause: it takes no writes, a table is locked, or it has no connection left. */
import { afterEach, expect, jest, test } from '@jest/globals';
import { locks } from './database/locks.ts';
import { wordsOf } from './support/diagnosed.ts';
import { eventually } from './support/eventually.ts';
import { type OtherSession, openSession, whileIdleInTransaction } from './support/sessions.ts';
import { systemOfFile } from './support/systemOfFile.ts';

jest.setTimeout(120_000);

/** Connections of the server that `npm start` runs. */
const MAX_CONNECTIONS = 100;
/** Long enough on a busy machine for what is left of it after a table that is locked took half. */
const DATABASE_TIMEOUT_MS = 5_000;
/** Milliseconds within which chats are worked on again after the repair. */
const HEALED_MS = 10_000;

const field = systemOfFile(() => ({ DATABASE_TIMEOUT_MS: String(DATABASE_TIMEOUT_MS) }));

const sessions: OtherSession[] = [];
afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.end()));
});

/** One that writes though the database says that sessions shall not. */
async function openAdmin(): Promise<OtherSession> {
  const { databaseUrl } = field.system;
  const admin = await openSession(databaseUrl, 'an administrator', '-c default_transaction_read_only=off');
  sessions.push(admin);
  return admin;
}

const END_OTHERS = `
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND application_name NOT LIKE 'an administrator%'`;

/** Readiness of the subgraph, one of the lines of the gateway's. */
const readiness = async () => {
  const answer = await fetch(`${field.system.gatewayUrl}/readyz`);
  return { status: answer.status, text: await answer.text() };
};

async function expectHealed(): Promise<void> {
  const id = await field.create('hello');
  const end = await field.diagnosed(
    id,
    'chats are answered again',
    ({ executionState }) => executionState === 'W',
    HEALED_MS,
  );
  expect(end.verdict).toBe('IDLE');
}

test('16: a database that takes no writes is the cause, and the chats go on at once when it takes them again', async () => {
  const admin = await openAdmin();
  const id = await field.create('/slow 600');
  await eventually(
    'an owner works on it',
    () => field.column(id, 'generation_attempt'),
    (attempt) => attempt === '1',
  );
  await field.firstAnswer(id);
  await admin.query('ALTER DATABASE postgres SET default_transaction_read_only = on');
  try {
    await admin.query(END_OTHERS);
    const seen = await field.found(id, 'DATABASE_READ_ONLY');
    expect(seen).toMatchObject({ verdict: 'STUCK', severities: { DATABASE_READ_ONLY: 'CRITICAL' } });
    expect(wordsOf(seen, 'DATABASE_READ_ONLY')).not.toContain('--action release');
    for (const { code, severity } of seen.findings)
      if (code !== 'DATABASE_READ_ONLY') expect(severity).not.toBe('CRITICAL');
    const { data } = await field.ask('{ database { canWrite isInRecovery } }');
    expect(data).toEqual({ database: { canWrite: false, isInRecovery: false } });
    expect((await field.chatDebug('why', id)).code).toBe(1);
  } finally {
    await admin.query('ALTER DATABASE postgres RESET default_transaction_read_only');
  }
  // Nobody ends the sessions that began meanwhile: whoever holds one must notice.
  await field.diagnosed(
    id,
    'it is worked on again, and nothing is wrong',
    ({ verdict, findings }) => verdict === 'WORKING' && findings.length === 0,
    HEALED_MS,
  );
  await field.store.apply(id, { name: 'interrupt' });
});

test('16: the same for a server whose setting is changed while its sessions go on', async () => {
  const admin = await openAdmin();
  const id = await field.create('/slow 600');
  await eventually(
    'an owner works on it',
    () => field.column(id, 'generation_attempt'),
    (attempt) => attempt === '1',
  );
  await admin.query('ALTER SYSTEM SET default_transaction_read_only = on');
  try {
    await admin.query('SELECT pg_reload_conf()');
    const seen = await field.found(id, 'DATABASE_READ_ONLY');
    expect(seen).toMatchObject({ verdict: 'STUCK', severities: { DATABASE_READ_ONLY: 'CRITICAL' } });
    // No row says so, until leases grow late that nobody can renew.
    await eventually(
      'it is a suspect',
      () => field.suspects(),
      (ids) => ids.includes(id),
    );
  } finally {
    await admin.query('ALTER SYSTEM RESET default_transaction_read_only');
    await admin.query('SELECT pg_reload_conf()');
  }
  await field.diagnosed(id, 'it is worked on again', ({ verdict }) => verdict === 'WORKING', HEALED_MS);
  await field.store.apply(id, { name: 'interrupt' });
});

test('21: `alter table` that waits behind a report is named as what everybody waits for, and the gateway is not ready', async () => {
  const { databaseUrl } = field.system;
  const id = await field.createAtRest();
  const migration = await openSession(databaseUrl, 'a migration');
  sessions.push(migration);
  await whileIdleInTransaction(databaseUrl, 'a report', ['SELECT count(*) FROM chats'], async () => {
    const altered = migration.query('ALTER TABLE chats ADD COLUMN never_there int').catch((error: unknown) => error);
    const look = () => field.ask('query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { executionState } }', { id });
    const refused = await eventually('the question is refused', look, ({ errors }) => errors.length > 0);
    expect(refused.errors[0]?.message).toMatch(/waiting for a lock on `chats`/);
    const { status, text } = await readiness();
    expect({ status, text }).toEqual({ status: 503, text: expect.stringMatching(/lock/) });
    const { code, stderr } = await field.chatDebug('why', id);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/lock/) });
    const admin = await openAdmin();
    await admin.query('SELECT pg_cancel_backend($1)', [migration.processId]);
    await altered;
  });
  await eventually('the gateway is ready again', readiness, ({ status }) => status === 200);
  await expectHealed();
});

locks(field);

test('22: a server without a connection left is unavailable for that reason, and heals', async () => {
  const admin = await openAdmin();
  const others = `SELECT count(*)::int AS count FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name NOT LIKE 'an administrator%'`;
  const takeAll = async () => {
    while (sessions.length < MAX_CONNECTIONS) {
      const session = await openAdmin().catch((error: { code?: string }) => error);
      if ('code' in session) break;
    }
    await admin.query(END_OTHERS);
    const { rows } = await admin.query(others);
    return (rows[0] as { count: number }).count;
  };
  await eventually('every connection is taken', takeAll, (count) => count === 0 && sessions.length === MAX_CONNECTIONS);
  const id = '00000000-0000-4000-8000-000000000001';
  const refused = await field.ask('query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { executionState } }', { id });
  expect(refused.errors).toMatchObject([{ extensions: { code: 'DATABASE_UNAVAILABLE' } }]);
  expect(refused.errors[0]?.message).toMatch(/connections?/);
  const { code, stderr } = await field.chatDebug('why', id);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/connections?/) });
  await Promise.all(sessions.splice(0).map((session) => session.end()));
  await eventually('the gateway is ready again', readiness, ({ status }) => status === 200);
  await expectHealed();
});
