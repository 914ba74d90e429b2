/**
 * What an attacker of mutations tries: each class of attack, by each role, on each mutation of the schema. A new mutation is in it
 * by itself, and a new required argument must be given here. Nothing changes, and nothing leaks.
 */
import { createHmac, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type GraphQLField, getNamedType, isEnumType, isNonNullType, isScalarType } from 'graphql';
import { systemClock } from '../../common/clock.ts';
import { ACTIONS, type ActionName, mutationOf } from '../../domain/actions/names.ts';
import { AUDIT, OPERATE } from '../../domain/actions/rights.ts';
import { freePort } from '../../local/ports.ts';
import type { RunningServer } from '../../server/app.ts';
import { READ_ALL, signInternalToken } from '../../server/tokens/internalToken.ts';
import { makeOfferTokens } from '../../subgraphs/operator/offerTokens.ts';
import { startOperatorServer } from '../../subgraphs/operator/server.ts';
import { debugSystemPerFile } from '../cli/support/debugSystem.ts';
import { askGateway, callerToken, type GraphqlError, INTERNAL_SECRET } from '../gateway/gateways.ts';
import { shared } from '../gateway/runtimes.ts';
import { insertChat, insertReplica, queueMessages } from '../subgraphs/database/support/rows.ts';
import { clientSchema } from '../support/clientSchema.ts';

jest.setTimeout(240_000);

const port = await freePort(systemClock);
const { database, debug, system } = debugSystemPerFile({
  operator: { url: `http://127.0.0.1:${port}/graphql`, databaseTimeoutMs: 20_000 },
});
let operator: RunningServer;
beforeAll(async () => {
  operator = await startOperatorServer({
    ...{ ...shared, port, offerSecret: INTERNAL_SECRET, databaseUrl: database.url, databaseTimeoutMs: 20_000 },
    ...{ retentionDays: 365, gatewayUrl: 'http://127.0.0.1:9/graphql' },
  });
});
afterAll(() => operator?.stop());
beforeEach(() => database.pool.query('TRUNCATE chats, replicas, chat_debug_plans CASCADE'));

const fields = Object.values((await clientSchema()).getMutationType()?.getFields() ?? {});
const TITLE = 'a title that nobody may see';
const OWNER = randomUUID();
const OPERATOR = { sub: 'an-operator', roles: [READ_ALL, OPERATE, AUDIT] };

/** Callers who may do none of it. */
const ROLES: Readonly<Record<string, { sub: string; roles: string[] }>> = {
  nobody: { sub: randomUUID(), roles: [] },
  reader: { sub: randomUUID(), roles: [READ_ALL] },
  auditor: { sub: randomUUID(), roles: [AUDIT] },
  lookalike: { sub: randomUUID(), roles: [READ_ALL, `${OPERATE}:`, `${OPERATE}:x`, 'chat-debug:Operate', '*'] },
  blind: { sub: randomUUID(), roles: [OPERATE] },
};

/** Chat or replica that a mutation would change, in a state that allows it, and what a good request for it says. */
interface Victim {
  readonly id: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

const COLUMNS: Readonly<Record<string, object>> = {
  RELEASE_CHAT: { status: 'running', worker_id: randomUUID(), runner_id: randomUUID() },
  INTERRUPT_CHAT: { status: 'running', worker_id: randomUUID(), runner_id: randomUUID() },
  RECONCILE_CHAT: { status: 'paused' },
  CANCEL_PENDING_ACTION: { status: 'requires_action' },
};
const actionOf = (mutation: string) => ACTIONS.find((action) => mutationOf(action) === mutation);

async function victimOf({ name, args }: GraphQLField<unknown, unknown>): Promise<Victim> {
  const action = actionOf(name);
  const isOnReplica = action?.endsWith('REPLICA');
  const target = isOnReplica ? await insertReplica(database.pool) : await victimChat(action);
  const id = name === 'runPlan' || name === 'stopPlan' ? await planOn(target) : target;
  const { rows } = await database.pool.query(
    `SELECT snapshot_version::int AS "snapshotVersion", worker_id AS "workerId", runner_id AS "runnerId" FROM chats WHERE id = $1`,
    [target],
  );
  const known: Readonly<Record<string, unknown>> = {
    ...{ id, expect: isOnReplica ? { workerId: id } : rows[0], reason: 'an attack', idempotencyKey: randomUUID() },
    ...{ chatIds: [target], action: 'RETRY_CHAT', perSecond: 20, findings: [], dryRun: false },
  };
  const given = args
    .filter(({ name: argument }) => argument !== 'token')
    .map(({ name: argument }) => [argument, known[argument]]);
  for (const { name: argument, type } of args) {
    if (isNonNullType(type)) expect([name, argument, known[argument]]).not.toEqual([name, argument, undefined]);
  }
  return { id: target, variables: Object.fromEntries(given) };
}

async function victimChat(action: ActionName | undefined): Promise<string> {
  const columns = { status: 'error', ...COLUMNS[action ?? ''], owner_id: OWNER, title: TITLE };
  const id = await insertChat(database.pool, columns);
  if (action === 'DELETE_QUEUED_MESSAGES') await queueMessages(database.pool, id, 1);
  return id;
}

async function planOn(chatId: string): Promise<string> {
  const query = `mutation { planActions(chatIds: ["${chatId}"], action: RETRY_CHAT, reason: "a plan of an operator") { id } }`;
  const { body } = await askGateway<{ planActions: { id: string } }>(system, query, {
    token: await callerToken(OPERATOR),
  });
  return body.data?.planActions.id ?? '';
}

/** Request for a mutation, with all its arguments and all plain fields of its answer. */
function textOf(field: GraphQLField<unknown, unknown>, changes: { alias?: string; withToken?: boolean } = {}): string {
  const args = field.args.filter(({ name }) => name !== (changes.withToken ? 'expect' : 'token'));
  const type = getNamedType(field.type);
  const plain = 'getFields' in type ? Object.values(type.getFields()) : [];
  const selected = plain.flatMap((one) => {
    const named = getNamedType('type' in one ? one.type : type);
    if (isScalarType(named) || isEnumType(named)) return [one.name];
    return one.name === 'snapshot' ? ['snapshot { chatId database { title ownerId } }'] : [];
  });
  return `mutation M(${args.map(({ name, type: of }) => `$${name}: ${of}`).join(', ')}) {
    ${changes.alias ?? 'done'}: ${field.name}(${args.map(({ name }) => `${name}: $${name}`).join(', ')}) { ${selected.join(' ')} } }`;
}

/** All that a mutation could change, but records of what was refused. */
async function everything(): Promise<string> {
  const tables = ['chats', 'chat_messages', 'chat_queued_messages', 'chat_heartbeats', 'replicas', 'chat_debug_drains'];
  const all = [...tables, 'chat_debug_plans', 'chat_debug_plan_items', 'chat_events'].map(
    (table) => `SELECT '${table}' AS place, ${table}::text AS row FROM ${table}`,
  );
  const done = `SELECT 'done', id::text FROM chat_debug_actions WHERE outcome = 'DONE' AND NOT dry_run`;
  const { rows } = await database.pool.query(`${[...all, done].join(' UNION ALL ')} ORDER BY 1, 2`);
  return JSON.stringify(rows);
}

interface Sent {
  readonly status: number;
  readonly text: string;
  readonly errors: readonly GraphqlError[];
}

async function send(body: unknown, headers: Record<string, string>, method = 'POST'): Promise<Sent> {
  const response = await fetch(`${system.url}/graphql`, {
    ...{ method, headers: { 'content-type': 'application/json', ...headers } },
    ...(method !== 'GET' && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const parsed = text.startsWith('{') ? (JSON.parse(text) as { errors?: GraphqlError[] }) : {};
  return { status: response.status, text, errors: parsed.errors ?? [] };
}

const bearer = async (claims: object) => ({ authorization: `Bearer ${await callerToken({ ...claims })}` });
/** Time so many milliseconds from now. */
const later = (ms: number) => new Date(systemClock.now().getTime() + ms);
const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Tokens of offers that are good for nobody, or not for this. */
async function badTokens(action: ActionName, chatId: string, sub: string): Promise<Record<string, string>> {
  const to = { action, chatId, sub };
  const expected = { version: 1, workerId: null, runnerId: null };
  const sign = (secret: string, changes: object = {}, at = later(60_000)) =>
    makeOfferTokens(secret, systemClock).sign({ ...to, ...changes }, expected, at);
  const good = await sign(INTERNAL_SECRET);
  const [head, payload, signature] = good.split('.') as [string, string, string];
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  const none = `${encoded({ alg: 'none' })}.${payload}.`;
  const hashed = createHmac('sha256', 'guessed').update(`${head}.${payload}`).digest('base64url');
  return {
    expired: await sign(INTERNAL_SECRET, {}, later(-1_000)),
    'of another secret': await sign('another secret that is long enough'),
    'of another caller': await sign(INTERNAL_SECRET, { sub: 'somebody-else' }),
    'of another chat': await sign(INTERNAL_SECRET, { chatId: randomUUID() }),
    'of another action': await sign(INTERNAL_SECRET, {
      action: action === 'RETRY_CHAT' ? 'RELEASE_CHAT' : 'RETRY_CHAT',
    }),
    'without an algorithm': none,
    'of a guessed key': `${head}.${payload}.${hashed}`,
    'with other claims': `${head}.${encoded({ ...claims, sub })}.${signature}`.replace(
      payload,
      encoded({ ...claims, v: 2 }),
    ),
    'between processes': await signInternalToken(INTERNAL_SECRET, 'operator', { sub, roles: [READ_ALL, OPERATE] }),
    'of the caller': await callerToken(OPERATOR),
    'no token at all': 'x'.repeat(3_000),
    empty: '',
  };
}

/** Ways to send a request that no mutation takes. */
async function badWays(query: string, variables: object, claims: object): Promise<Record<string, () => Promise<Sent>>> {
  const own = await bearer(claims);
  const body = { query, variables };
  const cookie = { cookie: `coder_session_token=${await callerToken({ ...claims })}` };
  const search = new URLSearchParams({ query, variables: JSON.stringify(variables) });
  const inUrl = (headers: Record<string, string>) =>
    fetch(`${system.url}/graphql?${search}`, { headers }).then(async (response) => ({
      ...{ status: response.status, text: await response.text(), errors: [] },
    }));
  const hundred = Array.from({ length: 100 }, (_, i) => query.replace('done:', `a${i}:`));
  const aliased = `${hundred[0]?.slice(0, -1)} ${hundred
    .slice(1)
    .map((one) => one.slice(one.indexOf('{') + 1, -1))
    .join(' ')} }`;
  const internal = await signInternalToken(INTERNAL_SECRET, 'operator', { sub: 'x', roles: [READ_ALL, OPERATE] });
  return {
    'GET with a token': () => inUrl(own),
    'GET with a cookie': () => inUrl({ ...cookie, 'sec-fetch-site': 'same-origin' }),
    'another method': () => send(body, own, 'PUT'),
    'a batch': () => send([body, body], own),
    'a query': () => send({ query: query.replace('mutation', 'query'), variables }, own),
    'a subscription': () => send({ query: query.replace('mutation', 'subscription'), variables }, own),
    'a hundred aliases': () => send({ query: aliased, variables }, own),
    'a form': () => send(body, { ...cookie, 'content-type': 'application/x-www-form-urlencoded' }),
    'plain text': () => send(body, { ...cookie, 'content-type': 'text/plain' }),
    'a cookie from another site': () => send(body, { ...cookie, origin: 'https://evil.example' }),
    'a cookie of a sister site': () =>
      send(body, { ...cookie, 'content-type': 'text/plain', 'sec-fetch-site': 'same-site' }),
    'a cookie below a bad token': () => send(body, { ...cookie, authorization: 'Bearer x' }),
    'a token of another audience': () => send(body, { authorization: `Bearer ${internal}` }),
    'the header of processes': () => send(body, { 'x-chat-debug-forwarded': '1', 'x-chat-debug-caller': 'operator' }),
    'no token': () => send(body, {}),
  };
}

/** True for an answer that did nothing: refused whole, or its field is null or no success. */
function expectRefused(what: readonly unknown[], { status, text, errors }: Sent): void {
  const isRefused = status >= 400 || errors.length > 0 || /"outcome":"(CONFLICT|REFUSED|NO_CHANGE)"/.test(text);
  expect([...what, isRefused, text]).toEqual([...what, true, text]);
  for (const secret of [TITLE, OWNER]) expect([...what, text.includes(secret)]).toEqual([...what, false]);
}

describe.each(fields.map((field) => [field.name, field] as const))('%s', (name, field) => {
  test('does nothing for who may not: by id, by alias, and with the token of somebody else’s offer', async () => {
    const { id, variables } = await victimOf(field);
    const before = await everything();
    const isForOwners = ['interruptChat', 'retryChat', 'cancelPendingAction'].includes(name);
    const other = { sub: randomUUID(), roles: [] as string[] };
    const roles = {
      ...ROLES,
      'owner of another chat': other,
      ...(!isForOwners && { owner: { sub: OWNER, roles: [] } }),
    };
    const action = actionOf(name);
    for (const [role, claims] of Object.entries(roles)) {
      // An operator who may not read plans for nobody: the chat is refused, as one that does not exist.
      const plansForNobody = name === 'planActions' && role === 'blind';
      for (const alias of ['done', 'snapshot', 'releaseChat', '__proto__']) {
        if (plansForNobody) continue;
        const sent = await send({ query: textOf(field, { alias }), variables }, await bearer(claims));
        if (role === 'owner') expect([name, role, sent.errors.length > 0]).toEqual([name, role, true]);
        else expectRefused([name, role, alias], sent);
      }
      if (!action || action.endsWith('REPLICA')) continue;
      const token = await makeOfferTokens(INTERNAL_SECRET, systemClock).sign(
        { action, chatId: id, sub: OPERATOR.sub },
        { version: 1, workerId: null, runnerId: null },
        later(60_000),
      );
      const query = textOf(field, { withToken: true });
      expectRefused(
        [name, role, 'stolen'],
        await send({ query, variables: { ...variables, token } }, await bearer(claims)),
      );
    }
    expect(await everything()).toBe(before);
  });

  test('does nothing in any other way than one POST of one request', async () => {
    const { variables } = await victimOf(field);
    const before = await everything();
    for (const [role, claims] of Object.entries({ operator: OPERATOR, ...ROLES })) {
      for (const [way, attack] of Object.entries(await badWays(textOf(field), variables, claims))) {
        const sent = await attack();
        expect([name, role, way, sent.status >= 400, sent.text]).toEqual([name, role, way, true, sent.text]);
      }
    }
    expect(await everything()).toBe(before);
  });

  const action = actionOf(name);
  if (!action || action.endsWith('REPLICA')) return;

  test('does nothing with a token that is forged, foreign or expired, not even for an operator', async () => {
    const { id, variables } = await victimOf(field);
    const before = await everything();
    for (const claims of [OPERATOR, ...Object.values(ROLES)]) {
      for (const [kind, token] of Object.entries(await badTokens(action, id, claims.sub))) {
        const query = textOf(field, { withToken: true });
        const sent = await send({ query, variables: { ...variables, token } }, await bearer(claims));
        expectRefused([name, claims.sub, kind], sent);
        expect([kind, sent.errors[0]?.extensions.code]).toEqual([kind, 'BAD_USER_INPUT']);
      }
    }
    expect(await everything()).toBe(before);
  });

  test('is done once, however often it is replayed or raced, by whomever', async () => {
    const { variables } = await victimOf(field);
    const body = { query: textOf(field), variables };
    const own = await bearer(OPERATOR);
    const raced = await Promise.all(Array.from({ length: 8 }, () => send(body, own)));
    for (const { text } of raced) expect(text).toContain('"outcome":"DONE"');
    const before = await everything();
    expect((await send(body, own)).text).toContain('"outcome":"DONE"');
    const anew = { ...body, variables: { ...variables, idempotencyKey: randomUUID() } };
    expectRefused([name, 'anew'], { ...(await send(anew, own)), text: '"outcome":"CONFLICT"' });
    for (const claims of Object.values(ROLES)) expectRefused([name, claims], await send(body, await bearer(claims)));
    expect(await everything()).toBe(before);
  });
});

describe('a reason', () => {
  const ESC = String.fromCharCode(27);
  const REFUSED = [
    ...[`${ESC}[2Jall is well`, `${ESC}]0;title`, 'two\nlines', 'back\r to it', 'a\tb and c', 'nul \u0000 in it'],
    ...[
      'turned \u202e around',
      'isolated \u2066 text',
      'line \u2028 end',
      'half \ud800 a letter',
      'c1 \u009b31m in it',
    ],
  ];
  const KEPT = [
    ...[`<script>alert(1)</script>`, `=HYPERLINK("http://evil","x")`, `'; DROP TABLE chats; --`, '{{7*7}} $(id) `id`'],
    ...['"]}, "outcome": "DONE"', 'zero\u200bwidth \u{e0041} tags', `${'e\u0301\u0301\u0301'.repeat(20)} marks`],
  ];

  test('that could act on whoever reads the record is refused, and any other is kept as it is and shown harmless', async () => {
    const [retry] = fields.filter(({ name }) => name === 'retryChat');
    if (!retry) throw new Error('There is no retryChat');
    const { id, variables } = await victimOf(retry);
    const own = await bearer(OPERATOR);
    const dry = (reason: string) =>
      send(
        { query: textOf(retry), variables: { ...variables, reason, dryRun: true, idempotencyKey: randomUUID() } },
        own,
      );
    const before = await everything();
    for (const reason of REFUSED) {
      const { errors } = await dry(reason);
      expect([reason, errors[0]?.extensions.code]).toEqual([reason, 'BAD_USER_INPUT']);
    }
    for (const reason of KEPT) expect([reason, (await dry(reason)).errors]).toEqual([reason, []]);
    expect(await everything()).toBe(before);
    const { rows } = await database.pool.query('SELECT reason FROM chat_debug_actions WHERE chat_id = $1', [id]);
    expect(rows.map(({ reason }) => reason).toSorted()).toEqual(KEPT.toSorted());

    await database.pool.query(
      `INSERT INTO chat_debug_actions (actor, via, action, chat_id, reason, outcome, idempotency_key, dry_run, input_hash)
       SELECT reason, 'GRAPHQL', 'RETRY_CHAT', $1, reason, 'REFUSED', gen_random_uuid(), false, '' FROM unnest($2::text[]) AS reason`,
      [id, REFUSED.filter((reason) => !reason.includes('\0') && !/\p{Cs}/u.test(reason))], // Postgres takes neither
    );
    const given = ['actions', '--chat', id, '--token', await callerToken(OPERATOR)];
    for (const args of [given, [...given, '--json']]) {
      const { code, stdout } = await debug(args);
      expect([code, stdout.match(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu)]).toEqual([0, null]);
      expect(stdout).toContain('all is well');
    }
  });
});
