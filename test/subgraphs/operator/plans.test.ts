/** Plans: frozen for review, worked off at a rate, each chat once, stopped, and taken up again by another operator. */
import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import { AUDIT, OPERATE } from '../../../domain/actions/rights.ts';
import { type Caller, READ_ALL } from '../../../server/tokens/internalToken.ts';
import { databasePerFile } from '../../support/database.ts';
import { whileHeld } from '../../support/locks.ts';
import { until } from '../../support/until.ts';
import { insertChat, queueMessages } from '../database/support/rows.ts';
import { askOperator, OPERATOR, operatorsPerTest } from './support/operators.ts';

const database = databasePerFile();
const { start } = operatorsPerTest(database);
afterEach(() => database.pool.query('TRUNCATE chats, chat_debug_plans CASCADE'));

const PLAN = `id actor action reason findings state perSecond startedAt endedAt stoppedBy total pending done noChange conflicts refused
  items { position chatId version workerId from to why outcome record { id outcome planId actor reason via } }`;

interface Plan {
  readonly id: string;
  readonly state: string;
  readonly total: number;
  readonly pending: number;
  readonly done: number;
  readonly items: readonly { readonly outcome: string | null; readonly record: { readonly id: string } | null }[];
}

interface Asked {
  readonly plan: Plan | null;
  readonly code: string | undefined;
}

async function ask(
  server: { url: string },
  operation: string,
  field: string,
  variables: object,
  caller = OPERATOR,
): Promise<Asked> {
  const query = `${operation} { plan: ${field} { ${PLAN} } }`;
  const { data, errors } = await askOperator(server, query, { variables, caller });
  return { plan: (data as { plan: Plan | null } | null)?.plan ?? null, code: errors?.[0]?.extensions.code };
}

const MAKE = 'planActions(chatIds: $chats, action: RETRY_CHAT, reason: "the key is mended", findings: ["ERRORED"])';
const make = (server: { url: string }, chats: readonly string[], caller?: Caller) =>
  ask(server, 'mutation ($chats: [UUID!]!)', MAKE, { chats }, caller);
const run = (server: { url: string }, id: string | undefined, rate: number | null = 20, caller?: Caller) =>
  ask(server, 'mutation ($id: UUID!, $rate: Float)', 'runPlan(id: $id, perSecond: $rate)', { id, rate }, caller);
const stop = (server: { url: string }, id: string | undefined, caller?: Caller) =>
  ask(server, 'mutation ($id: UUID!)', 'stopPlan(id: $id)', { id }, caller);
const look = (server: { url: string }, id: string | undefined, caller?: Caller) =>
  ask(server, 'query ($id: UUID!)', 'actionPlan(id: $id)', { id }, caller);

const failed = (count: number) =>
  Promise.all(Array.from({ length: count }, () => insertChat(database.pool, { status: 'error' })));
const finished = (server: { url: string }, id: string | undefined) =>
  until('the plan is finished', async () => (await look(server, id)).plan?.state === 'FINISHED');
const countOf = async (sql: string) => (await database.pool.query(`SELECT count(*)::int AS n ${sql}`)).rows[0].n;

describe('a plan', () => {
  test('freezes chats for review, does nothing before it is run, and then each chat has its own outcome', async () => {
    const server = await start();
    const [one, moved, gone, queued] = await failed(4);
    await queueMessages(database.pool, queued ?? '', 1);
    const waiting = await insertChat(database.pool, { status: 'waiting' });
    const missing = randomUUID();
    const { plan } = await make(server, [one, moved, gone, queued, waiting, missing, one] as string[]);
    expect(plan).toMatchObject({
      ...{ actor: 'an-operator', action: 'RETRY_CHAT', reason: 'the key is mended', findings: ['ERRORED'] },
      ...{ state: 'PLANNED', perSecond: null, total: 6, pending: 5, refused: 1 },
    });
    expect(plan?.items).toMatchObject([
      { position: 1, chatId: one, version: 1, from: 'E0', to: 'R0', why: null, outcome: null, record: null },
      { chatId: moved, from: 'E0', to: 'R0' },
      { chatId: gone, from: 'E0', to: 'R0' },
      { chatId: queued, from: 'E1', to: 'R1', version: 2 },
      { chatId: waiting, from: 'W', to: null, why: 'This is possible in E0, E1. The chat is in W.', outcome: null },
      { chatId: missing, version: null, from: null, outcome: 'REFUSED', why: expect.stringMatching(/no such chat/) },
    ]);
    expect(await countOf('FROM chat_debug_actions')).toBe(0);
    await database.pool.query('UPDATE chats SET title = title, snapshot_version = 9 WHERE id = $1', [moved]);
    await database.pool.query('DELETE FROM chats WHERE id = $1', [gone]);

    expect((await run(server, plan?.id)).plan).toMatchObject({ state: 'RUNNING', perSecond: 20 });
    await finished(server, plan?.id);
    const after = (await look(server, plan?.id)).plan;
    expect(after).toMatchObject({ total: 6, pending: 0, done: 2, conflicts: 1, refused: 3, stoppedBy: null });
    const record = { planId: plan?.id, actor: 'an-operator', reason: 'the key is mended', via: 'GRAPHQL' };
    expect(after?.items.map(({ outcome }) => outcome)).toEqual([
      ...['DONE', 'CONFLICT', 'REFUSED', 'DONE', 'REFUSED', 'REFUSED'],
    ]);
    expect(after?.items[0]).toMatchObject({ record: { ...record, outcome: 'DONE' }, why: null });
    expect(after?.items[4]).toMatchObject({ record: { ...record, outcome: 'REFUSED' } });
    expect([after?.items[2]?.record, after?.items[5]?.record]).toEqual([null, null]);
    const conflicts = `query ($id: UUID!) { actionPlan(id: $id) { items(outcome: ["CONFLICT", "no\\u0000outcome"]) { chatId } } }`;
    expect((await askOperator(server, conflicts, { variables: { id: plan?.id } })).data).toEqual({
      actionPlan: { items: [{ chatId: moved }] },
    });
    expect(await countOf(`FROM chats WHERE status = 'running'`)).toBe(2);
    expect((await run(server, plan?.id)).code).toBe('BAD_USER_INPUT');
  });

  test('is done once by operators beside each other, and one that is started takes up what is left', async () => {
    const [first, second] = [await start(), await start()];
    const chats = await failed(30);
    const { plan } = await make(first, chats);
    await run(second, plan?.id);
    await until('some are done', async () => ((await look(first, plan?.id)).plan?.done ?? 0) > 5);
    await Promise.all([first.stop(), second.stop()]);
    const third = await start();
    const left = (await look(third, plan?.id)).plan;
    expect(left).toMatchObject({ state: 'RUNNING', total: 30 });
    await finished(third, plan?.id);
    expect((await look(third, plan?.id)).plan).toMatchObject({ done: 30, pending: 0 });
    const ofPlan = `FROM chat_debug_actions WHERE plan_id = '${plan?.id}'`;
    expect(await countOf(ofPlan)).toBe(30);
    expect(await countOf(`FROM chat_events WHERE by = 'o'`)).toBe(30);
    const { rows } = await database.pool.query(
      `SELECT extract(epoch FROM max(at) - min(at))::float8 AS seconds ${ofPlan}`,
    );
    expect(rows[0].seconds).toBeGreaterThan(29 / 20 - 0.01); // all of them together keep to the rate
  });

  test('is stopped for good by its maker or by another operator, and begins no further chat', async () => {
    const server = await start();
    const { plan } = await make(server, await failed(5));
    await run(server, plan?.id, 0.1);
    await until('one is done', async () => (await look(server, plan?.id)).plan?.done === 1);
    expect((await run(server, plan?.id, 0.2)).plan).toMatchObject({ state: 'RUNNING', perSecond: 0.2 });
    expect((await run(server, plan?.id, null)).plan).toMatchObject({ state: 'RUNNING', perSecond: 0.2 });
    const other = { sub: 'another', roles: [READ_ALL, OPERATE] };
    const stopped = { state: 'STOPPED', stoppedBy: 'another', pending: 4, done: 1 };
    expect((await stop(server, plan?.id, other)).plan).toMatchObject(stopped);
    expect((await stop(server, plan?.id)).plan).toMatchObject(stopped);
    expect((await run(server, plan?.id)).code).toBe('BAD_USER_INPUT');
    const never = (await make(server, await failed(1))).plan;
    expect((await stop(server, never?.id)).plan).toMatchObject({ state: 'STOPPED', pending: 1, startedAt: null });
  });

  test('goes on with the other chats while one of them is held by another session', async () => {
    const server = await start({ databaseTimeoutMs: 300 });
    const [held, ...others] = await failed(3);
    const { plan } = await make(server, [held as string, ...others]);
    const session = await database.pool.connect();
    try {
      await session.query('BEGIN');
      await session.query('SELECT FROM chats WHERE id = $1 FOR UPDATE', [held]);
      await run(server, plan?.id);
      await until('the others are done', async () => (await look(server, plan?.id)).plan?.done === 2);
    } finally {
      await session.query('ROLLBACK');
      session.release();
    }
    await finished(server, plan?.id);
    expect((await look(server, plan?.id)).plan).toMatchObject({ done: 3 });
  });

  test('does not keep another plan waiting while the one chat that it has left is held by another session', async () => {
    const server = await start({ databaseTimeoutMs: 300 });
    const [held = '', ...others] = await failed(4);
    const first = (await make(server, [held])).plan;
    const second = (await make(server, others)).plan;
    await whileHeld(database.pool, [held], async () => {
      await run(server, first?.id);
      const tried = `FROM chat_debug_plan_items WHERE chat_id = '${held}' AND tried_at IS NOT NULL`;
      await until('the held one was tried', async () => (await countOf(tried)) === 1);
      await run(server, second?.id);
      await finished(server, second?.id);
      expect((await look(server, first?.id)).plan).toMatchObject({ state: 'RUNNING', pending: 1 });
    });
    expect((await look(server, second?.id)).plan).toMatchObject({ done: 3, pending: 0 });
  });

  test('does not keep another plan waiting while all its chats are held by another session', async () => {
    const server = await start({ databaseTimeoutMs: 300 });
    const [held, others] = [await failed(30), await failed(3)];
    const first = (await make(server, held)).plan;
    const second = (await make(server, others)).plan;
    await whileHeld(database.pool, held, async () => {
      await run(server, first?.id);
      const tried = `FROM chat_debug_plan_items WHERE plan_id = '${first?.id}' AND tried_at IS NOT NULL`;
      await until('a held one was tried', async () => (await countOf(tried)) > 0);
      await run(server, second?.id);
      await finished(server, second?.id);
      expect((await look(server, first?.id)).plan).toMatchObject({ state: 'RUNNING', pending: 30 });
      expect(await countOf(tried)).toBeLessThan(30);
    });
    expect((await look(server, second?.id)).plan).toMatchObject({ done: 3, pending: 0 });
  });

  test('comes to its end though the database refuses one of its chats, which says so', async () => {
    const server = await start();
    const refused = await insertChat(database.pool, { status: 'error', title: 'of bees' });
    const others = await failed(2);
    await database.pool.query(
      `ALTER TABLE chats ADD CONSTRAINT no_bees CHECK (status <> 'running' OR title <> 'of bees') NOT VALID`,
    );
    try {
      const { plan } = await make(server, [refused, ...others]);
      await run(server, plan?.id);
      await finished(server, plan?.id);
      expect((await look(server, plan?.id)).plan).toMatchObject({
        ...{ done: 2, refused: 1, pending: 0 },
        items: [{ outcome: 'REFUSED', why: expect.stringContaining('SQLSTATE 23514'), record: null }, {}, {}],
      });
    } finally {
      await database.pool.query('ALTER TABLE chats DROP CONSTRAINT no_bees');
    }
  });

  test('goes on at once after the clock of the database was set back', async () => {
    const server = await start();
    const { plan } = await make(server, await failed(3));
    const ahead = `clock_timestamp() + interval '1 hour'`;
    await database.pool.query(`UPDATE chat_debug_plan_items SET tried_at = ${ahead} WHERE position = 2`);
    await database.pool.query(`UPDATE chat_debug_plans SET next_at = ${ahead}`);
    await run(server, plan?.id);
    await finished(server, plan?.id);
    expect((await look(server, plan?.id)).plan).toMatchObject({ done: 3 });
  });

  test('takes a chat whose version is at the end of its column like any other', async () => {
    const server = await start();
    const last = await insertChat(database.pool, { status: 'error', snapshot_version: '9223372036854775807' });
    const { plan, code } = await make(server, [last, ...(await failed(1))]);
    expect(code).toBeUndefined();
    await run(server, plan?.id);
    await finished(server, plan?.id);
    expect((await look(server, plan?.id)).plan).toMatchObject({ done: 2, pending: 0 });
  });

  test('is for those with the role for its action, run by its maker, and seen by those who may', async () => {
    const server = await start();
    const [id] = await failed(1);
    const ownerId = randomUUID();
    const own = await insertChat(database.pool, { status: 'error', owner_id: ownerId });
    const [owner, blind] = [
      { sub: ownerId, roles: [] },
      { sub: 'x', roles: [`${OPERATE}:retryChat`] },
    ];
    expect((await make(server, [own], owner)).code).toBe('FORBIDDEN');
    expect((await make(server, [own], { sub: 'x', roles: [READ_ALL, `${OPERATE}:releaseChat`] })).code).toBe(
      'FORBIDDEN',
    );
    const unread = (await make(server, [own], blind)).plan;
    expect(unread?.items).toMatchObject([{ outcome: 'REFUSED', version: null, from: null }]);

    const { plan } = await make(server, [id as string]);
    const colleague = { sub: 'another', roles: [READ_ALL, OPERATE] };
    for (const [caller, sees] of [
      [colleague, true],
      [{ sub: 'y', roles: [AUDIT] }, true],
      [{ sub: 'y', roles: [READ_ALL] }, false],
      [{ sub: 'y', roles: [READ_ALL, `${OPERATE}:releaseChat`] }, false],
      [blind, false],
      [owner, false],
    ] as const) {
      expect([caller, (await look(server, plan?.id, caller)).plan !== null]).toEqual([caller, sees]);
      const list = await askOperator(server, '{ actionPlans { id } }', { caller });
      const ids = (list.data as unknown as { actionPlans: { id: string }[] }).actionPlans.map((one) => one.id);
      expect([caller, ids.includes(plan?.id ?? '')]).toEqual([caller, sees]);
      expect([caller, (await run(server, plan?.id, 1, caller)).code]).toEqual([
        caller,
        sees ? 'FORBIDDEN' : 'NOT_FOUND',
      ]);
      if (!sees) expect((await stop(server, plan?.id, caller)).code).toBe('NOT_FOUND');
    }
    for (const roles of [[AUDIT], [AUDIT, OPERATE], [AUDIT, READ_ALL]]) {
      expect([roles, (await stop(server, plan?.id, { sub: 'y', roles })).code]).toEqual([roles, 'FORBIDDEN']);
    }
    expect((await look(server, plan?.id)).plan).toMatchObject({ state: 'PLANNED' });
  });

  test('refuses what is no plan', async () => {
    const server = await start();
    const [id] = await failed(1);
    const chats = [id as string];
    const many = Array.from({ length: 1_001 }, () => randomUUID());
    const drain = 'planActions(chatIds: $chats, action: DRAIN_REPLICA, reason: "for a test")';
    expect((await make(server, [])).code).toBe('BAD_USER_INPUT');
    expect((await make(server, many)).code).toBe('BAD_USER_INPUT');
    const planning = 'mutation ($chats: [UUID!]!)';
    expect((await ask(server, planning, drain, { chats })).code).toBe('BAD_USER_INPUT');
    expect((await ask(server, planning, MAKE.replace('the key', 'the\\nkey'), { chats })).code).toBe('BAD_USER_INPUT');
    const { plan } = await make(server, chats);
    for (const rate of [0, 0.05, 21, 1e9, -1]) expect((await run(server, plan?.id, rate)).code).toBe('BAD_USER_INPUT');
    expect((await run(server, randomUUID())).code).toBe('NOT_FOUND');
    const thousand = (await make(server, [...chats, ...many.slice(2)])).plan;
    expect(thousand).toMatchObject({ total: 1_000, refused: 999 });
    expect(thousand?.items).toHaveLength(100);
  });
});
