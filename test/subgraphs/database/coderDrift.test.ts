/**
 * A Coder deployment that differs a little from the known ones: only what depends on the difference is lost, and words
 * say so.
 */
import { describe, expect, test } from '@jest/globals';
import { drifted, SUSPECTS, suspects } from './support/coderDrift.ts';

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

test.each(['FRESH', 'STALE', 'MISSING'])('a list by %s leases is refused where none may be read', async (heartbeat) => {
  await drifted(
    (role) => `REVOKE SELECT ON chat_heartbeats FROM ${role}`,
    async ({ ask }) => {
      const { data, errors } = await ask(`{ chats(filter: { heartbeat: ${heartbeat} }) { edges { cursor } } }`);
      expect(data).toBeNull();
      expect(errors).toMatchObject([
        {
          path: ['chats'],
          extensions: { code: 'SCHEMA_UNSUPPORTED' },
          message: expect.stringContaining('`chat_heartbeats`'),
        },
      ]);
    },
  );
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

describe('tables that change while they are read', () => {
  const chats = '{ chats { edges { node { chatId database { generationAttempt } } } } }';
  const said = async (ask: (query: string) => Promise<{ errors: readonly { message: string }[] }>) =>
    (await ask(chats)).errors.map(({ message }) => message);

  test('are judged as what they are: a column that a view still has is read there from the next question on', async () => {
    await drifted(
      () => '',
      async ({ ask, pool }) => {
        expect(await said(ask)).toEqual([]);
        await pool.query('ALTER TABLE chats RENAME generation_attempt TO x');
        expect(await said(ask)).toEqual([
          'The tables of the database have changed. Ask again: they are read as they are now.',
        ]);
        expect(await said(ask)).toEqual([]);
        await pool.query('ALTER TABLE chats RENAME x TO generation_attempt');
        expect(await said(ask)).toEqual([]);
      },
    );
  });

  test('lack what is gone, and nothing more; once it is mended, the first answer is whole', async () => {
    await drifted(
      (role) => `REVOKE SELECT (content) ON chat_messages FROM ${role}`,
      async ({ ask, pool }) => {
        expect(await said(ask)).toEqual([]);
        await pool.query('DROP VIEW chats_expanded; ALTER TABLE chats RENAME generation_attempt TO x');
        const lacking = [
          expect.stringMatching(/^The database lacks `chats.generation_attempt`, which this service reads\./),
        ];
        expect(await said(ask)).toEqual(lacking);
        expect(await said(ask)).toEqual(lacking);
        await pool.query('ALTER TABLE chats RENAME x TO generation_attempt');
        expect(await said(ask)).toEqual([]);
      },
    );
  });

  test('say so where a right was taken', async () => {
    await drifted(
      () => '',
      async ({ ask, pool, role }) => {
        expect(await said(ask)).toEqual([]);
        await pool.query(`REVOKE SELECT ON chats FROM ${role}`);
        const refused = ['The database does not let this service read `chats`. Grant its user SELECT on them.'];
        expect(await said(ask)).toEqual(refused);
        await pool.query(`GRANT SELECT ON chats TO ${role}`);
        expect(await said(ask)).toEqual([]);
      },
    );
  });
});

describe('a column of this project’s name', () => {
  const platform = '{ database { platform } }';
  const both = `ALTER TABLE chat_messages ADD COLUMN finish_reason int; ALTER TABLE chats ADD COLUMN unanswered bool`;
  const LAST = `query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { database { lastMessage { role finishReason } } } }`;

  test.each([
    ['found', undefined],
    ['set', 'coder' as const],
  ])('keeps nobody from what is %s: a Coder deployment', async (_how, set) => {
    await drifted(
      () => both,
      async ({ ask, ready, ids }) => {
        expect((await ask(platform)).data).toEqual({ database: { platform: 'coder' } });
        expect(await suspects(ask)).toEqual({ ids: [ids.forgotten], errors: [] });
        const { data, errors } = await ask(LAST, { id: ids.owned });
        expect({ data, errors }).toEqual({
          data: { chatDebugSnapshot: { database: { lastMessage: { role: 'user', finishReason: null } } } },
          errors: [],
        });
        expect((await ready())[0]).toBe(200);
      },
      set && { platform: set },
    );
  });

  test('lets the setting decide, where there are columns of both', async () => {
    await drifted(
      () => both,
      async ({ ask }) => expect((await ask(platform)).data).toEqual({ database: { platform: 'own' } }),
      { platform: 'own' },
    );
  });
});

describe('tables that are not found', () => {
  const chats = '{ chats { edges { node { chatId } } } }';
  const move = (schema: string, role: string, may: boolean) => `
    CREATE SCHEMA "${schema}"; ${may ? `GRANT USAGE ON SCHEMA "${schema}" TO ${role};` : ''}
    ${['chats', 'chat_messages', 'chat_queued_messages', 'chat_heartbeats', 'replicas', 'chats_expanded']
      .map((table) => `ALTER TABLE ${table} SET SCHEMA "${schema}"`)
      .join(';')}`;
  const OTHER_SCHEMA = 'in the schema `coder app`, which this service does not look at.';

  test.each([undefined, 'coder' as const])(
    'stand in another schema, which is named (PLATFORM %s)',
    async (platform) => {
      await drifted(
        (role) => move('coder app', role, true),
        async ({ ask, ready, pool, role }) => {
          const { errors } = await ask(chats);
          const advice = 'End `DATABASE_URL` with `?options=-c%20search_path%3Dcoder%20app`.';
          expect(errors).toMatchObject([{ message: `The database has \`chats\` ${OTHER_SCHEMA} ${advice}` }]);
          expect(await ready()).toEqual([503, `The database has \`chats\`, \`chat_queued_messages\` ${OTHER_SCHEMA}`]);
          await pool.query(`ALTER ROLE ${role} SET search_path = "coder app"`);
        },
        platform && { platform },
      );
    },
  );

  test('are behind a schema that this role may not enter', async () => {
    await drifted(
      (role) => `REVOKE USAGE ON SCHEMA public FROM PUBLIC, ${role}`,
      async ({ ask, ready, pool, role }) => {
        expect((await ask(chats)).errors).toMatchObject([
          {
            extensions: { code: 'SCHEMA_UNSUPPORTED' },
            message:
              'The database does not let this service enter the schema `public`, which has `chats`. Grant its user USAGE on the schema.',
          },
        ]);
        expect((await ready())[0]).toBe(503);
        await pool.query(`GRANT USAGE ON SCHEMA public TO ${role}`);
        expect((await ask(chats)).errors).toEqual([]);
      },
    );
  });

  test.each([
    [undefined, 'Correct `DATABASE_URL`. Tables of this project are made by `npm run migrate`.'],
    ['coder' as const, 'Correct `DATABASE_URL`.'],
  ])('are nowhere (PLATFORM %s)', async (platform, advice) => {
    await drifted(
      () => 'DROP SCHEMA public CASCADE; CREATE SCHEMA public',
      async ({ ask, pool }) => {
        await pool.query('GRANT USAGE ON SCHEMA public TO PUBLIC');
        const { errors } = await ask(chats);
        const reason =
          'The database lacks `chats`, which this service reads. No schema that this service looks at has it (public).';
        expect(errors).toMatchObject([{ message: `${reason} ${advice}` }]);
      },
      platform && { platform },
    );
  });

  test('lack a column: nobody is told to migrate a Coder deployment', async () => {
    await drifted(
      () => 'ALTER TABLE chat_queued_messages RENAME chat_id TO x',
      async ({ ask, ids }) => {
        const { errors } = await ask('query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { executionState } }', {
          id: ids.owned,
        });
        expect(errors).toMatchObject([
          { message: expect.stringMatching(/`chat_queued_messages.chat_id`.*Correct `DATABASE_URL`, or give/) },
        ]);
        expect(errors[0]?.message).not.toContain('migrate');
      },
    );
  });
});

describe('a connection that is refused', () => {
  const onDatabase = (sql: string) => `DO $$ BEGIN EXECUTE format('${sql}', current_database()); END $$`;

  test('for want of CONNECT: it is called so', async () => {
    await drifted(
      (role) => onDatabase(`REVOKE CONNECT ON DATABASE %I FROM PUBLIC, ${role}`),
      async ({ ask, ready, pool, role }) => {
        const reason = 'The database does not let the user of this service connect.';
        expect((await ask(SUSPECTS)).errors).toMatchObject([
          { extensions: { code: 'DATABASE_UNAVAILABLE' }, message: `${reason} Grant it CONNECT on the database.` },
        ]);
        expect(await ready()).toEqual([503, reason]);
        await pool.query(onDatabase(`GRANT CONNECT ON DATABASE %I TO ${role}`));
        expect((await ask(SUSPECTS)).errors).toEqual([]);
      },
    );
  });

  test('for the limit of the role: that limit is named beside the others', async () => {
    await drifted(
      (role) => `ALTER ROLE ${role} CONNECTION LIMIT 0`,
      async ({ ask }) => {
        expect((await ask(SUSPECTS)).errors).toMatchObject([
          {
            message: expect.stringMatching(
              /^The database has no connection left for this service\. .*CONNECTION LIMIT/,
            ),
          },
        ]);
      },
    );
  });
});
