/** The recorder as a process runs it: its loops, its subgraph, its probes. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import type { Caller } from '../../../server/tokens/internalToken.ts';
import { READ_ALL, signInternalToken } from '../../../server/tokens/internalToken.ts';
import { type RecorderServerOptions, startRecorderServer } from '../../../subgraphs/recorder/server.ts';
import { fleetPerFile } from '../../gateway/fleet.ts';
import { INTERNAL_SECRET } from '../../gateway/gateways.ts';
import { shared } from '../../gateway/runtimes.ts';
import { createDatabase } from '../../support/database.ts';
import { readMetrics } from '../../support/metrics.ts';
import { until } from '../../support/until.ts';
import { insertChat } from '../database/support/rows.ts';
import { emptyIncidentTables, endLease, incidentRows, makeIncidentTables } from './support/incidentTables.ts';

const { database, gateway, keep } = fleetPerFile();
beforeAll(() => makeIncidentTables(database.pool));
afterEach(() => emptyIncidentTables(database.pool));

const start = async (changes: Partial<RecorderServerOptions> = {}) =>
  keep(
    await startRecorderServer({
      ...{ ...shared, databaseUrl: database.url, listenUrl: database.url, databaseTimeoutMs: 20_000 },
      ...{ gatewayUrl: `${(await gateway()).url}/graphql`, intervalSeconds: 0.2, retentionDays: 30 },
      ...changes,
    }),
  );

/** A log that a test can read. */
function keptLog() {
  const kept: string[] = [];
  return { log: pino({ level: 'info' }, { write: (line: string) => void kept.push(line) }), lines: () => kept };
}

const TABLES =
  'chat_debug_recorder.recorder_lease, chat_debug_recorder.incidents, chat_debug_recorder.incident_bundles';
const users: string[] = [];
afterEach(async () => {
  for (const name of users.splice(0)) await database.pool.query(`DROP OWNED BY ${name}; DROP ROLE ${name}`);
});

/** A user of the database with these rights and no others. */
async function makeUser(grants: readonly string[]): Promise<{ readonly url: string }> {
  const name = `user_${randomUUID().replaceAll('-', '')}`;
  users.push(name);
  await database.pool.query(
    `CREATE ROLE ${name} LOGIN PASSWORD 'p'; ${grants.map((grant) => `${grant} ${name}`).join('; ')}`,
  );
  const url = new URL(database.url);
  url.username = name;
  url.password = 'p';
  return { url: url.href };
}

async function leaseRow(): Promise<{ readonly expires_at: Date }> {
  const { rows } = await database.pool.query('SELECT expires_at FROM chat_debug_recorder.recorder_lease');
  return rows[0];
}

const OPERATOR: Caller = { sub: 'an-operator', roles: [READ_ALL] };

async function ask(server: { url: string }, query: string, variables: object = {}, caller = OPERATOR) {
  const token = await signInternalToken(INTERNAL_SECRET, 'recorder', caller);
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query, variables }),
  });
  return (await response.json()) as {
    data?: Record<string, never>;
    errors?: { message: string; extensions: { code: string } }[];
  };
}

const isOpen = (id: string) =>
  until('an incident of the chat is open', async () =>
    (await incidentRows(database.pool)).some(({ chat_id }) => chat_id === id),
  );

const openOne = async (columns: Parameters<typeof insertChat>[1] = {}) => {
  const id = await insertChat(database.pool, { status: 'paused', ...columns });
  await isOpen(id);
  return id;
};

const LIST = `query ($filter: IncidentFilter, $first: Int, $after: String) {
  incidents(filter: $filter, first: $first, after: $after) {
    edges { cursor node { id chatId code severity verdict summary codes workerIds readings secondsOpen openedAt closedAt closeReason
      bundles { id why at bytes } } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;
const ENTITIES = `query ($representations: [_Any!]!) {
  _entities(representations: $representations) { ... on ChatDebugSnapshot { incidents(first: 2) { chatId } } ... on Incident { code } }
}`;
const BUNDLES_OF_ALL = '{ incidents { edges { node { chatId bundles { why bundle } } } } }';
const CHATS_OF_ALL = '{ incidents { edges { node { chatId } } } }';
const BUNDLES = 'query ($id: ID!) { incident(id: $id) { bundles { bundle } } }';

describe('the recorder', () => {
  test('notes trouble by itself, and serves it', async () => {
    const server = await start();
    const id = await openOne();
    const { data, errors } = await ask(server, LIST);
    expect(errors).toBeUndefined();
    expect(data).toMatchObject({
      incidents: {
        edges: [
          {
            node: {
              ...{
                chatId: id,
                code: 'INVALID_STATE',
                severity: 'CRITICAL',
                verdict: 'STUCK',
                codes: ['INVALID_STATE'],
              },
              ...{ summary: expect.stringMatching(/^Stuck: /), closedAt: null, closeReason: null },
              bundles: [{ why: 'OPENED', bytes: expect.any(Number) }],
            },
          },
        ],
        pageInfo: { hasNextPage: false, hasPreviousPage: false },
      },
    });
    expect(await (await fetch(`${server.url}/readyz`)).text()).toBe('ok');
  });

  test('is active once, and another one takes over when it stops', async () => {
    const [first, second] = [await start(), await start()];
    const isActive = async (server: { url: string }) =>
      (await readMetrics(server)).get('chat_debug_recorder_active') === 1;
    const active = await until('one is active', async () =>
      (await isActive(first)) ? first : (await isActive(second)) ? second : undefined,
    );
    const other = active === first ? second : first;
    expect(await isActive(other)).toBe(false);
    await openOne();
    await active.stop();
    await until('the other one is active', () => isActive(other));
    await openOne();
    expect((await incidentRows(database.pool)).map(({ close_reason }) => close_reason)).toEqual([null, null]);
  });

  test('that has lost its lease finds it again by itself, and blames no other for it', async () => {
    const { log, lines } = keptLog();
    const server = await start({ log });
    await openOne();
    await endLease(database.pool);
    await insertChat(database.pool, { status: 'paused' });
    await until('a round has noticed', () => lines().some((line) => /the term is over/.test(line)));
    await openOne();
    expect(await (await fetch(`${server.url}/readyz`)).text()).toBe('ok');
    expect(lines().filter((line) => /another recorder/.test(line))).toEqual([]);
  });

  test('keeps its lease however many read, and however long they wait', async () => {
    const server = await start();
    await openOne();
    const blocker = await database.pool.connect();
    try {
      await blocker.query('BEGIN; LOCK TABLE chat_debug_recorder.incident_bundles IN ACCESS EXCLUSIVE MODE');
      const reading = Array.from({ length: 20 }, () => ask(server, BUNDLES_OF_ALL));
      const untilMs = async () => (await leaseRow()).expires_at.getTime();
      const before = await untilMs();
      await until('the lease is renewed', async () => (await untilMs()) > before, 15_000);
      await blocker.query('ROLLBACK');
      await Promise.all(reading);
    } finally {
      blocker.release(true);
    }
  });

  test('is not ready while its user may not write the lease, and says which right is missing', async () => {
    const user = await makeUser(['GRANT USAGE ON SCHEMA chat_debug_recorder TO', `GRANT SELECT ON ${TABLES} TO`]);
    const server = await start({ databaseUrl: user.url });
    await until('it is not ready', async () => (await fetch(`${server.url}/readyz`)).status === 503);
    const words = await (await fetch(`${server.url}/readyz`)).text();
    expect(words).toMatch(/the lease of the active recorder cannot be kept \(42501\)/);
    expect(words).toMatch(/GRANT SELECT, INSERT, UPDATE, DELETE ON chat_debug_recorder\.recorder_lease TO/);
    expect((await ask(server, LIST)).errors).toBeUndefined();
  });

  test('reads at once when it is told that a chat has changed', async () => {
    const server = await start({ intervalSeconds: 3_600 });
    await until('it is active', async () => (await readMetrics(server)).get('chat_debug_recorder_active') === 1);
    await until('it listens', async () => (await readMetrics(server)).get('chat_debug_recorder_listening') === 1);
    const id = await insertChat(database.pool, { status: 'paused' });
    await database.pool.query(`SELECT pg_notify('chat_update', $1)`, [
      JSON.stringify({ chat_id: id, snapshot_version: 2 }),
    ]);
    await isOpen(id);
  });

  test.each([
    ['is told of no changes', undefined, /DATABASE_LISTEN_URL is not set\. They are read on the interval alone\.$/],
    ['has lost the session for changes', 'postgres://nobody@127.0.0.1:1/none', /the session for them is lost\./],
  ])('that %s reads on its interval, and says so', async (_, listenUrl, words) => {
    const server = await start({ listenUrl });
    await openOne();
    expect(await (await fetch(`${server.url}/readyz`)).text()).toMatch(words);
    expect((await readMetrics(server)).get('chat_debug_recorder_listening')).toBe(0);
  });

  test('says that it is not ready without its tables, and starts all the same', async () => {
    const empty = await createDatabase('template0');
    const server = await start({ databaseUrl: empty.url });
    try {
      const ready = await fetch(`${server.url}/readyz`);
      expect([ready.status, await ready.text()]).toEqual([503, expect.stringMatching(/Run `npm run migrate`/)]);
      expect((await ask(server, LIST)).errors).toMatchObject([{ extensions: { code: 'SCHEMA_UNSUPPORTED' } }]);
    } finally {
      await server.stop();
      await empty.drop();
    }
  });

  test('is ready while the gateway does not answer, and says so', async () => {
    const server = await start({ gatewayUrl: 'http://127.0.0.1:1/graphql' });
    await until('the last round has failed', async () =>
      /The last round of the recorder failed \(UNREACHABLE\)/.test(await (await fetch(`${server.url}/readyz`)).text()),
    );
  });
});

describe('readers of incidents', () => {
  test('are told which right is missing, and the log is, too', async () => {
    await start();
    await openOne();
    const allButOne = TABLES.replace(', chat_debug_recorder.incident_bundles', '');
    const user = await makeUser(['GRANT USAGE ON SCHEMA chat_debug_recorder TO', `GRANT SELECT ON ${allButOne} TO`]);
    const { log, lines } = keptLog();
    const server = await start({ databaseUrl: user.url, log });
    const { errors } = await ask(server, BUNDLES_OF_ALL);
    const words = /has not all rights on the table chat_debug_recorder\.incident_bundles\. Run `GRANT SELECT, /;
    expect(errors).toMatchObject([
      { message: expect.stringMatching(words), extensions: { code: 'DATABASE_UNAVAILABLE' } },
    ]);
    expect(lines().filter((line) => /incidents could not be read/.test(line) && words.test(line))).toHaveLength(1);
  });

  test('of a bundle that cannot be read get all else, and why', async () => {
    const server = await start();
    const id = await openOne();
    await database.pool.query(
      `UPDATE chat_debug_recorder.incident_bundles SET bundle = '{"format":"chat-debug-bundle/2"}'`,
    );
    const { data, errors } = await ask(server, BUNDLES_OF_ALL);
    expect(data).toEqual({
      incidents: { edges: [{ node: { chatId: id, bundles: [{ why: 'OPENED', bundle: null }] } }] },
    });
    expect(errors).toMatchObject([
      { message: expect.stringMatching(/is a bundle of version 2/), extensions: { code: 'VALUE_UNREADABLE' } },
    ]);
  });

  test('without the role see no incident of a chat once it is known to be deleted', async () => {
    const server = await start();
    const person: Caller = { sub: randomUUID(), roles: [] };
    const id = await openOne({ owner_id: person.sub });
    await database.pool.query(
      `INSERT INTO chat_debug_recorder.incidents
         (chat_id, owner_id, code, severity, verdict, summary, codes, worker_ids, closed_at, close_reason)
       SELECT chat_id, owner_id, code, severity, verdict, summary, codes, worker_ids, opened_at, 'WELL'
       FROM chat_debug_recorder.incidents`,
    );
    const count = async (caller: Caller) => {
      const { data } = await ask(server, CHATS_OF_ALL, {}, caller);
      return (data as Record<string, { edges: unknown[] }> | undefined)?.incidents?.edges.length;
    };
    expect([await count(person), await count(OPERATOR)]).toEqual([2, 2]);
    await database.pool.query('DELETE FROM chats WHERE id = $1', [id]);
    await until('the incident is closed', async () =>
      (await incidentRows(database.pool)).some(({ close_reason }) => close_reason === 'DELETED'),
    );
    expect([await count(person), await count(OPERATOR)]).toEqual([0, 2]);
  });

  test('go through the list page by page, and narrow it', async () => {
    const server = await start();
    const chats = [await openOne(), await openOne(), await openOne()];
    const page = async (variables: object) => {
      const { data } = await ask(server, LIST, variables);
      const { edges, pageInfo } =
        (data as Record<string, { edges: { node: { chatId: string } }[]; pageInfo: { endCursor: string } }>)
          .incidents ?? {};
      return { ids: edges?.map(({ node }) => node.chatId), pageInfo };
    };
    const first = await page({ first: 2 });
    expect(first).toMatchObject({ ids: [chats[2], chats[1]], pageInfo: { hasNextPage: true } });
    const rest = await page({ first: 2, after: first.pageInfo?.endCursor });
    expect(rest).toMatchObject({ ids: [chats[0]], pageInfo: { hasNextPage: false, hasPreviousPage: true } });
    expect((await page({ filter: { chatId: chats[1] } })).ids).toEqual([chats[1]]);
    expect((await page({ filter: { open: false } })).ids).toEqual([]);
    expect((await page({ filter: { open: true, code: ['INVALID_STATE'] } })).ids).toHaveLength(3);
    expect((await page({ filter: { code: ['NO_OWNER'] } })).ids).toEqual([]);
    expect((await page({ filter: { code: ['no\0code', 'INVALID_STATE'] } })).ids).toHaveLength(3);
    const ofYear0 = JSON.stringify(['incident', '0000-01-01T00:00:00.000000Z', randomUUID()]); // Postgres knows none
    const after = Buffer.from(ofYear0).toString('base64url');
    for (const bad of [{ first: 0 }, { first: 101 }, { after: 'x' }, { after }]) {
      expect((await ask(server, LIST, bad)).errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    }
  });

  test('without the role see their own, as if there were no others', async () => {
    const server = await start();
    const person: Caller = { sub: randomUUID(), roles: [] };
    const own = await openOne({ owner_id: person.sub });
    const foreign = await openOne();
    const ids = (await ask(server, '{ incidents { edges { node { id chatId } } } }')).data as never as {
      incidents: { edges: { node: { id: string; chatId: string } }[] };
    };
    const idOf = (chat: string) => ids.incidents.edges.find(({ node }) => node.chatId === chat)?.node.id;
    expect((await ask(server, '{ incidents { edges { node { chatId } } } }', {}, person)).data).toEqual({
      incidents: { edges: [{ node: { chatId: own } }] },
    });
    const one = (chat: string, caller: Caller) => ask(server, BUNDLES, { id: idOf(chat) }, caller);
    expect((await one(foreign, person)).data).toEqual({ incident: null });
    const representations = [
      { __typename: 'ChatDebugSnapshot', chatId: own },
      { __typename: 'ChatDebugSnapshot', chatId: foreign },
      { __typename: 'Incident', id: idOf(own) },
      { __typename: 'Incident', id: idOf(foreign) },
    ];
    expect((await ask(server, ENTITIES, { representations }, person)).data).toEqual({
      _entities: [{ incidents: [{ chatId: own }] }, { incidents: [] }, { code: 'INVALID_STATE' }, null],
    });
    for (const sub of ['nobody', '00000000-0000-0000-0000-000000000000']) {
      expect((await ask(server, LIST, {}, { sub, roles: [] })).data).toMatchObject({ incidents: { edges: [] } });
    }
    const whole = JSON.stringify(await one(own, OPERATOR));
    const cut = JSON.stringify(await one(own, person));
    expect(whole).toContain('staleAfterSeconds');
    expect(JSON.parse(cut).data.incident.bundles[0].bundle).toMatchObject({
      ...{ format: 'chat-debug-bundle/1', replicas: null, server: null, diagnosisEverywhere: null },
      ...{ takenBy: null, snapshot: { chatId: own, everywhere: null, candidates: null } },
      diagnosis: { verdict: 'STUCK' },
    });
    expect(cut).toContain('staleAfterSeconds');
    expect(cut).not.toMatch(/"lockedBy":\{|"address":"/);
  });

  test('without an id see none, not even that of a chat whose owner is nobody', async () => {
    const server = await start();
    await openOne({ owner_id: '00000000-0000-0000-0000-000000000000' });
    const caller = { sub: 'nobody', roles: [] };
    expect((await ask(server, LIST, {}, caller)).data).toMatchObject({ incidents: { edges: [] } });
  });

  test('without the role see no child of another person', async () => {
    const server = await start();
    const person: Caller = { sub: randomUUID(), roles: [] };
    const id = await insertChat(database.pool, { owner_id: person.sub });
    const child = await insertChat(database.pool, { parent_chat_id: id, archived: true });
    await database.pool.query(
      `UPDATE chats SET status = 'requires_action', updated_at = now() - interval '1 hour',
         requires_action_deadline_at = now() - interval '1 hour' WHERE id = $1`,
      [id],
    );
    await isOpen(id);
    const query = '{ incidents { edges { node { summary bundles { bundle } } } } }';
    const [whole, cut] = [await ask(server, query), await ask(server, query, {}, person)].map((all) =>
      JSON.stringify(all),
    );
    expect(whole).toContain(child);
    expect(whole).toContain('CHILD_LOST');
    expect(cut).toContain('chat-debug-bundle/1');
    expect(cut).not.toMatch(new RegExp(`${child}|CHILD_LOST`));
  });

  test.each(['RUNNER_ELSEWHERE', 'CHILD_LOST'])('without the role see no id in the summary of %s', async (code) => {
    const server = await start({ gatewayUrl: 'http://127.0.0.1:9/graphql' }); // a round would close it: its chat does not exist
    const [person, other]: [Caller, string] = [{ sub: randomUUID(), roles: [] }, randomUUID()];
    await database.pool.query(
      `INSERT INTO chat_debug_recorder.incidents
         (chat_id, owner_id, code, severity, verdict, summary, codes, worker_ids)
       VALUES (gen_random_uuid(), $1, $2, 'CRITICAL', 'STUCK', $3, ARRAY[$2], '{}')`,
      [person.sub, code, `Stuck: ${other} is named.`],
    );
    const query = '{ incidents { edges { node { code summary } } } }';
    expect(JSON.stringify(await ask(server, query))).toContain(other);
    expect((await ask(server, query, {}, person)).data).toEqual({
      incidents: { edges: [{ node: { code, summary: expect.not.stringContaining(other) } }] },
    });
  });

  test('get at most three bundles in one request', async () => {
    const server = await start();
    for (let i = 0; i < 4; i += 1) await openOne();
    const query = (first: number) => `{ incidents(first: ${first}) { edges { node { bundles { bundle } } } } }`;
    expect((await ask(server, query(3))).errors).toBeUndefined();
    expect((await ask(server, query(4))).errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  });

  test('need a token for this subgraph', async () => {
    const server = await start();
    const token = await signInternalToken(INTERNAL_SECRET, 'database', OPERATOR);
    const { status } = await fetch(`${server.url}/graphql`, {
      ...{ method: 'POST', body: JSON.stringify({ query: LIST }) },
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    });
    expect(status).toBe(401);
  });
});
