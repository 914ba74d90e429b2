import { describe, expect, test } from '@jest/globals';
import { ALIVE } from './cases/alive.ts';
import { type Case, idle, stuck, unknown, working } from './cases/expected.ts';
import { CASES, type Ids, insertCases } from './chats.ts';
import { deploymentPerFile } from './support/deployment.ts';
import { judge, truthOf } from './support/judged.ts';
import { insertChat } from './support/rows.ts';

const ROOM = { CAPACITY_ROOT: '50', CAPACITY_SUBAGENTS: '50' };
const DATABASE = '{ database { platform isOurs missing } }';

describe('a deployment built by its users, which writes no replica down', () => {
  const ids: Ids = new Map();
  const cases: readonly Case[] = [
    ...ALIVE,
    {
      name: 'a lease that ran out',
      chat: { age: 600, worker: 'first', lease: 100 },
      newest: stuck('R0', { HEARTBEAT_STALE: 'CRITICAL' }),
    },
    {
      name: 'a lease that is gone',
      chat: { age: 600, worker: 'first' },
      newest: stuck('R0', { HEARTBEAT_MISSING: 'CRITICAL' }),
    },
  ];
  const deployment = deploymentPerFile({
    settings: ROOM,
    fill: async (pool) => {
      await insertCases(pool, ids, { cases });
      await pool.query('DELETE FROM replicas');
    },
  });

  test('has chats that are well, and blames no owner for having no row', async () => {
    expect(await judge(deployment, cases, ids)).toEqual(truthOf(cases, 'newest'));
  });

  test('lists no replica, and says so without an error', async () => {
    expect(await deployment.field.ask('{ replicas { id } }')).toMatchObject({ data: { replicas: [] }, errors: [] });
  });
});

describe('the proposal to pause at a queued message', () => {
  const ids: Ids = new Map();
  const cases: readonly Case[] = [
    {
      name: 'paused',
      chat: { status: 'paused', age: 900, queued: [950], editing: 900 },
      newest: idle('INVALID'),
    },
    {
      name: 'R1 whose queue is edited',
      chat: { worker: 'first', lease: 3, queued: [50], editing: 20 },
      newest: working('R1'),
    },
  ];
  const deployment = deploymentPerFile({
    variant: { pauses: true },
    fill: (pool) => insertCases(pool, ids, { cases }),
  });

  test('leaves a paused chat to its person', async () => {
    expect(await judge(deployment, cases, ids)).toEqual(truthOf(cases, 'newest'));
  });
});

describe('statuses that are not of today', () => {
  const ids: Ids = new Map();
  const cases: readonly Case[] = [
    { name: 'pending', chat: { status: 'pending', age: 900 }, newest: stuck('INVALID', { INVALID_STATE: 'CRITICAL' }) },
    {
      name: 'completed',
      chat: { status: 'completed', age: 900 },
      newest: stuck('INVALID', { INVALID_STATE: 'CRITICAL' }),
    },
    {
      name: 'suspended',
      chat: { status: 'suspended', age: 900 },
      newest: unknown('INVALID', { STATUS_UNKNOWN: 'WARNING' }),
    },
  ];
  const deployment = deploymentPerFile({
    variant: { hasLegacyStatuses: true },
    fill: async (pool) => {
      await pool.query(`ALTER TYPE chat_status ADD VALUE 'suspended'`);
      await insertCases(pool, ids, { cases });
    },
  });

  test('are repaired if they were removed, and looked at if they are new', async () => {
    expect(await judge(deployment, cases, ids)).toEqual(truthOf(cases, 'newest'));
  });
});

describe('the draft that moves the versions out of the chat', () => {
  const ids: Ids = new Map();
  const deployment = deploymentPerFile({
    variant: { movesVersions: true },
    settings: ROOM,
    fill: (pool) => insertCases(pool, ids, { movesVersions: true }),
  });

  test('is read through its view, with the same truth', async () => {
    expect(await judge(deployment, CASES, ids)).toEqual(truthOf(CASES, 'newest'));
  });

  test('is ready, and lacks nothing', async () => {
    const ready = await fetch(`${deployment.gateway.url}/readyz`);
    expect(ready.status).toBe(200);
    const { data, errors } = await deployment.field.ask(DATABASE);
    expect({ data, errors }).toEqual({
      data: { database: { platform: 'coder', isOurs: false, missing: [] } },
      errors: [],
    });
  });
});

describe('a database that has another project’s chats', () => {
  const deployment = deploymentPerFile({
    settings: { PLATFORM: 'auto' },
    fill: async (pool) => {
      await insertChat(pool, {});
      await pool.query('ALTER TABLE chats DROP COLUMN runner_id CASCADE'); // and the view with it
    },
  });

  test('is not ready, and is told which column it lacks', async () => {
    const ready = await fetch(`${deployment.gateway.url}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.text()).toMatch(/runner_id/);
    const { errors } = await deployment.field.ask('{ chats { edges { node { chatId } } } }');
    expect(errors).toMatchObject([
      { message: expect.stringMatching(/runner_id/), extensions: { code: 'SCHEMA_UNSUPPORTED' } },
    ]);
  });
});
