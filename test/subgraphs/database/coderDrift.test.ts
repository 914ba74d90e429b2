/** A Coder deployment that is a little other than those that are known: it costs what hangs on that, and is said in words. */
import { describe, expect, test } from '@jest/globals';
import { drifted, suspects } from './support/coderDrift.ts';

const SNAPSHOT = `query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { executionState database {
  lastMessage { role } turn { steps } messageStats { total } trouble { platform } } } }`;

describe('the list of suspects', () => {
  test.each<[string, (role: string) => string]>([
    ['a role that may read no message', (role) => `REVOKE SELECT ON chat_messages FROM ${role}`],
    ['messages that are gone', () => 'DROP TABLE chat_messages CASCADE; DROP TYPE chat_message_role'],
    ['a role that may not read who wrote a message', (role) => `REVOKE SELECT (role) ON chat_messages FROM ${role}`],
    [
      'roles that are plain text',
      () => 'ALTER TABLE chat_messages ALTER COLUMN role TYPE text; DROP TYPE chat_message_role',
    ],
    ['an enum of another name', () => 'ALTER TYPE chat_message_role RENAME TO message_role'],
    ['an enum of statuses of another name', () => 'ALTER TYPE chat_status RENAME TO status_of_chat'],
  ])('is there with %s', async (_what, change) => {
    await drifted(change, async ({ ask, ids }) => {
      expect(await suspects(ask)).toEqual({ ids: [ids.forgotten], errors: [] });
      const others = await ask('{ chats(filter: { suspect: false }) { edges { node { chatId } } } }');
      expect(others.errors).toEqual([]);
    });
  });

  test('is about messages still, where their roles are plain text', async () => {
    const change = 'ALTER TABLE chat_messages ALTER COLUMN role TYPE text; DROP TYPE chat_message_role';
    await drifted(
      () => change,
      async ({ ask, ids }) => {
        const { data, errors } = await ask(SNAPSHOT, { id: ids.owned });
        expect(errors).toEqual([]);
        expect(data).toMatchObject({
          chatDebugSnapshot: {
            database: { lastMessage: { role: 'user' }, turn: { steps: 0 }, messageStats: { total: 1 } },
          },
        });
      },
    );
  });
});

describe('policies that hide rows', () => {
  const secure = (table: string) => `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;`;
  const policy = (table: string, what: string) => `${secure(table)} CREATE POLICY one ON ${table} ${what};`;
  const health = '{ database { notReadable notAnswered { name reason isRequired } } }';
  const LEASES = `query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { database {
    heartbeatState heartbeatsReadable unreadable trouble { canWrite pool { used } } } } }`;

  test('all chats: it is not ready, and nobody is told that there are none', async () => {
    await drifted(
      () => secure('chats'),
      async ({ ask, ready }) => {
        expect(await ready()).toEqual([503, 'Policies of `chats` hide rows from this service.']);
        const { ids, errors } = await suspects(ask);
        expect(ids).toBeUndefined();
        expect(errors).toEqual([
          'Policies of `chats` hide rows from this service. Make a policy that lets its user read every row, or give it BYPASSRLS.',
        ]);
      },
    );
  });

  test('some chats: the others are answered, and it is said', async () => {
    await drifted(
      () => policy('chats', `USING (status <> 'waiting')`),
      async ({ ask, ready, ids }) => {
        expect(await suspects(ask)).toEqual({ ids: [ids.forgotten], errors: [] });
        expect(await ready()).toEqual([
          200,
          expect.stringContaining('Policies of `chats` hide rows from this service.'),
        ]);
        expect((await ask(health)).data).toEqual({
          database: { notReadable: ['chats'], notAnswered: [{ name: 'chats', reason: 'HIDDEN', isRequired: false }] },
        });
      },
    );
  });

  test.each([
    ['all', secure('chat_heartbeats')],
    ['some', policy('chat_heartbeats', 'USING (false)')],
  ])('%s leases: nothing is known of any, and no owner is called lost', async (_how, sql) => {
    await drifted(
      () => sql,
      async ({ ask, ready, ids }) => {
        const { data, errors } = await ask(LEASES, { id: ids.owned });
        expect(data).toMatchObject({
          chatDebugSnapshot: {
            database: { heartbeatState: null, heartbeatsReadable: false, trouble: { canWrite: true, pool: null } },
          },
        });
        expect(errors).toMatchObject([
          {
            extensions: { code: 'SCHEMA_UNSUPPORTED' },
            message: expect.stringMatching(/^Policies of `chat_heartbeats`/),
          },
        ]);
        expect(await ready()).toEqual([200, expect.stringContaining('Policies of `chat_heartbeats`')]);
        expect((await suspects(ask)).ids).toEqual([ids.forgotten]);
      },
    );
  });

  test.each([
    ['chat_messages', 'lastMessage { role }'],
    ['replicas', 'trouble { ownerRow }'],
  ])('of %s: the field has an error', async (table, field) => {
    await drifted(
      () => secure(table),
      async ({ ask, ids }) => {
        const { errors } = await ask(
          `query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { database { ${field} } } }`,
          { id: ids.owned },
        );
        expect(errors).toMatchObject([{ message: expect.stringContaining(`Policies of \`${table}\``) }]);
      },
    );
  });

  test('of the debug log: there is none', async () => {
    await drifted(
      () => secure('chat_debug_runs'),
      async ({ ask, ids, ready }) => {
        const { data, errors } = await ask(
          'query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { database { debugRun { kind } } } }',
          { id: ids.owned },
        );
        expect({ data, errors }).toEqual({ data: { chatDebugSnapshot: { database: { debugRun: null } } }, errors: [] });
        expect((await ready())[1]).toContain('Policies of `chat_debug_runs`');
      },
    );
  });

  test('is not said of a policy that lets this role read every row, unless another narrows it', async () => {
    const all = (role: string) => policy('chats', `FOR SELECT TO ${role} USING (true)`);
    await drifted(all, async ({ ready, pool }) => {
      expect(await ready()).toEqual([200, expect.not.stringContaining('Policies')]);
      await pool.query('CREATE POLICY narrow ON chats AS RESTRICTIVE USING (NOT archived)');
      expect((await ready())[1]).toContain('Policies of `chats`');
    });
  });
});
