import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { systemClock } from '../../common/clock.ts';
import { TransitionRefused } from '../../domain/transitions.ts';
import { ChatStore } from '../../subgraphs/runtime/chatd/chatStore.ts';
import { askGateway, type GraphqlError } from '../gateway/gateways.ts';
import { whileHolding } from '../support/locks.ts';
import { until } from '../support/until.ts';
import { ask, expectToAddUp, type Snapshot, snapshotOf, snapshotUntil, threeAlive } from './snapshot.ts';
import { ACQUISITION_INTERVAL_SECONDS, MARGIN_MS, STALE_AFTER_SECONDS, type System, systemsPerFile } from './system.ts';

jest.setTimeout(120_000);

/** Runners of each replica, so few that six endless chats keep all three busy. */
const MAX_RUNNERS = 2;
/** Milliseconds, over before a lease is stale: what is frozen for so long keeps its chats. */
const REPLICA_TIMEOUT_MS = 5_000;

const systems = systemsPerFile();
const started: { system?: System } = {};
beforeAll(async () => {
  const limits = { MAX_RUNNERS: String(MAX_RUNNERS), REPLICA_TIMEOUT_MS: String(REPLICA_TIMEOUT_MS) };
  started.system = await systems.start(limits);
});
afterEach(endRunningChats);

function running(): System {
  if (!started.system) throw new Error('The system did not start');
  return started.system;
}

/** Chats that stall would keep the replicas from taking those of the next test. */
async function endRunningChats(): Promise<void> {
  const { pool } = running();
  const find = async () => (await pool.query<{ id: string }>(`SELECT id FROM chats WHERE status = 'running'`)).rows;
  for (const { id } of await find()) await interrupt(id).catch(endedMeanwhile);
  await until('the chat has no runtime', async () => (await find()).length === 0);
}

const interrupt = (id: string) => new ChatStore(running().pool).apply(id, { name: 'interrupt' });

function endedMeanwhile(error: unknown): void {
  if (!(error instanceof TransitionRefused)) throw error;
}

const create = (text: string, ...options: string[]): Promise<string> =>
  running().run('dist/cli/chat.js', 'create', text, ...options);

/** A chat whose turn has ended, and which its owner has given up. */
async function createAtRest(...options: string[]): Promise<string> {
  const id = await create('hello', ...options);
  await snapshotUntil(
    running(),
    id,
    ({ executionState, database: { workerId } }) => executionState === 'W' && workerId === null,
  );
  return id;
}

const AT_REST = { executionState: 'W', database: { workerId: null, runnerId: null, heartbeat: null } };
const hasBuffered = ({ runtime }: Snapshot) => (runtime?.messageBuffers?.[0]?.bytesBuffered ?? 0) > 0;

describe('a chat that is worked on', () => {
  test('has one runner with an active generation task and a growing buffer; once interrupted there is no runtime, and one message more', async () => {
    const system = running();
    const id = await create('/slow 600 tell me a story');

    const first = await snapshotUntil(system, id, hasBuffered);
    const bytes = first.runtime?.messageBuffers?.[0]?.bytesBuffered ?? 0;
    expect(first).toMatchObject({
      executionState: 'R0',
      database: {
        status: 'running',
        queueDepth: 0,
        heartbeat: { isStale: false },
        messageStats: { total: 1, deleted: 0, byRole: [{ role: 'user', count: 1 }] },
      },
      runtime: {
        reachability: { status: 'OK' },
        workerIdMatchesLocal: true,
        runners: [
          {
            runnerId: first.database.runnerId,
            activeTaskKind: 'GENERATION',
            activeTask: { runningSeconds: expect.any(Number), secondsSinceProgress: expect.any(Number) },
            lease: { ageSeconds: expect.any(Number) },
          },
        ],
        messageBuffers: [{ isClosed: false }],
      },
    });
    expect(await threeAlive(system)).toContain(first.database.workerId);

    const second = await snapshotUntil(
      system,
      id,
      ({ runtime }) => (runtime?.messageBuffers?.[0]?.bytesBuffered ?? 0) > bytes,
    );
    expect(second.runtime?.runners).toMatchObject([{ runnerId: first.database.runnerId }]);

    await interrupt(id);
    const last = await snapshotUntil(system, id, ({ runtime }) => runtime === null);
    expect(last).toMatchObject(AT_REST);
    expect(last.database.messageStats).toEqual({
      total: 2,
      deleted: 0,
      byRole: expect.arrayContaining([
        { role: 'user', count: 1 },
        { role: 'assistant', count: 1 },
      ]),
    });
  });

  test('whose owner is killed keeps its database half, is seen stale, and is answered exactly once by another replica', async () => {
    const system = running();
    const id = await create('/slow 10 tell me a story');
    const { database } = await snapshotUntil(system, id, hasBuffered);
    const killed = database.workerId ?? '';
    const { name, pid } = system.processOf(killed);
    // Statement whose row lock decides when the chat may be taken: not before it was seen stale.
    const lock = 'SELECT FROM chats WHERE id = $1 FOR NO KEY UPDATE';
    const killedMs = await whileHolding(system.pool, lock, [id], async () => {
      process.kill(pid, 'SIGKILL');
      const atMs = systemClock.monotonicMs();
      await until('the end of the replica is told', () =>
        system.output().includes(`${name} ended with signal SIGKILL`),
      );

      const { chat, errors } = await snapshotOf(system, id);
      expect(chat).toMatchObject({
        executionState: 'R0',
        database: { status: 'running', workerId: killed, runnerId: database.runnerId, messageStats: { total: 1 } },
        runtime: {
          reachability: { status: 'UNREACHABLE' },
          workerIdMatchesLocal: null,
          runners: null,
          messageBuffers: null,
        },
      });
      expect(errors).toEqual([
        {
          message: expect.any(String),
          path: ['chatDebugSnapshot', 'runtime', 'workerIdMatchesLocal'],
          extensions: { code: 'REPLICA_UNREACHABLE', workerId: killed, chatIds: [id] },
        },
      ]);

      const stale = await snapshotUntil(system, id, ({ database: { heartbeat } }) => heartbeat?.isStale === true);
      expect(stale.database).toMatchObject({ workerId: killed, runnerId: database.runnerId });
      expect(stale.database.heartbeat?.ageSeconds).toBeGreaterThan(STALE_AFTER_SECONDS);
      return atMs;
    });

    const taken = await snapshotUntil(system, id, ({ database: { workerId } }) => workerId !== killed);
    const takenAfterMs = systemClock.monotonicMs() - killedMs;
    expect(takenAfterMs).toBeLessThan((STALE_AFTER_SECONDS + ACQUISITION_INTERVAL_SECONDS) * 1000 + MARGIN_MS);
    expect(taken.database.workerId).not.toBeNull();
    expect(taken.database.runnerId).not.toBe(database.runnerId);

    const last = await snapshotUntil(system, id, ({ runtime }) => runtime === null);
    expect(last).toMatchObject(AT_REST);
    expect(last.database.messageStats).toMatchObject({ total: 2, deleted: 0 });
    const { rows } = await system.pool.query('SELECT role::text FROM chat_messages WHERE chat_id = $1 ORDER BY id', [
      id,
    ]);
    expect(rows).toEqual([{ role: 'user' }, { role: 'assistant' }]);

    expect(await threeAlive(system)).not.toContain(killed);
    await until('the new start of the replica is told', () => system.output().includes(`${name} runs again: http://`));
  });
});

describe('a list of chats', () => {
  test('is answered in time while one replica is frozen: only its chats lose their runtime, each with an error in its place', async () => {
    const system = running();
    const rest = await createAtRest();
    const held = await Promise.all(Array.from({ length: 3 * MAX_RUNNERS }, () => create('/stall')));
    const ids = [...held.flatMap((id) => [id, rest]), randomUUID()];
    const look = async () => {
      const begunMs = systemClock.monotonicMs();
      const { data, errors } = await ask<{ chatDebugSnapshots: (Listed | null)[] }>(system, LIST, {
        variables: { ids },
      });
      return { chats: data.chatDebugSnapshots, errors, elapsedMs: systemClock.monotonicMs() - begunMs };
    };
    const before = await until('each owned chat has one runner', async () => {
      const { chats } = await look();
      return held.every((_, i) => chats[2 * i]?.runtime?.runners?.length === 1) && chats;
    });
    const owners = before.map((chat) => chat?.database.workerId ?? null);
    expect(new Set(owners.filter((owner) => owner !== null)).size).toBe(3);
    const frozen = owners[0] ?? '';

    const { pid } = system.processOf(frozen);
    process.kill(pid, 'SIGSTOP');
    try {
      const { chats, errors, elapsedMs } = await look();
      expect(elapsedMs).toBeLessThan(REPLICA_TIMEOUT_MS + MARGIN_MS);
      expect(chats.map((chat) => chat && [chat.chatId, chat.database.status, chat.database.workerId])).toEqual([
        ...ids.slice(0, -1).map((id, i) => [id, id === rest ? 'waiting' : 'running', owners[i]]),
        null,
      ]);
      expect(chats.map((chat) => chat?.runtime ?? null)).toEqual(
        owners.map((owner, i) => {
          if (owner === null) return null;
          if (owner === frozen) return { reachability: { status: 'TIMED_OUT' }, runners: null };
          return { reachability: { status: 'OK' }, runners: before[i]?.runtime?.runners };
        }),
      );
      const lost = owners.flatMap((owner, i) => (owner === frozen ? [i] : []));
      expect(lost).toHaveLength(MAX_RUNNERS);
      expect(errors.map(({ path, extensions }) => ({ path, extensions }))).toEqual(
        lost.map((i) => ({
          path: ['chatDebugSnapshots', i, 'runtime', 'runners'],
          extensions: { code: 'REPLICA_TIMED_OUT', workerId: frozen, chatIds: [ids[i]] },
        })),
      );
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await until('each owned chat has one runner again', async () => {
      const { chats, errors } = await look();
      return errors.length === 0 && held.every((_, i) => chats[2 * i]?.runtime?.runners?.length === 1);
    });
  });
});

interface Listed {
  chatId: string;
  database: { status: string; workerId: string | null };
  runtime: { reachability: { status: string }; runners: { runnerId: string }[] | null } | null;
}
const LIST = `query ($ids: [UUID!]!) {
  chatDebugSnapshots(chatIds: $ids) {
    chatId database { status workerId } runtime { reachability { status } runners { runnerId } }
  }
}`;

describe('everywhere', () => {
  test('answers for all three replicas, and only the owner holds a runner', async () => {
    const system = running();
    const id = await create('/stall');
    const { database } = await snapshotUntil(system, id, hasBuffered);
    const { data } = await ask<{ chatDebugSnapshot: { everywhere: Everywhere[] } }>(
      system,
      `{ chatDebugSnapshot(chatId: "${id}") { everywhere { workerId reachability { status } runners { runnerId } } } }`,
    );
    const alive = await threeAlive(system);
    const { everywhere } = data.chatDebugSnapshot;
    // One that was killed a moment ago is asked too.
    expect(everywhere.filter(({ workerId }) => alive.includes(workerId))).toEqual(
      alive.toSorted().map((workerId) => ({
        workerId,
        reachability: { status: 'OK' },
        runners: workerId === database.workerId ? [{ runnerId: database.runnerId }] : [],
      })),
    );
  });
});

interface Everywhere {
  workerId: string;
  reachability: { status: string };
  runners: { runnerId: string }[] | null;
}

describe('a status and a role that nobody knew', () => {
  test('added while it runs, are shown by name, make the chat INVALID, and are counted', async () => {
    const system = running();
    const id = await createAtRest();
    await system.pool.query(`ALTER TYPE chat_status ADD VALUE 'hibernating'`);
    await system.pool.query(`ALTER TYPE chat_message_role ADD VALUE 'critic'`);
    await system.pool.query(
      `INSERT INTO chat_messages (chat_id, role, deleted) VALUES
      ($1, 'critic', false), ($1, 'critic', false), ($1, 'critic', true)`,
      [id],
    );
    await system.pool.query(`UPDATE chats SET status = 'hibernating' WHERE id = $1`, [id]);

    const { chat, errors } = await snapshotOf(system, id);
    expect(errors).toEqual([]);
    expect(chat).toMatchObject({ executionState: 'INVALID', database: { status: 'hibernating' }, runtime: null });
    const { messageStats } = chat.database;
    expectToAddUp(messageStats);
    expect(messageStats).toMatchObject({ total: 5, deleted: 1 });
    expect(messageStats.byRole).toContainEqual({ role: 'critic', count: 2 });

    const { data } = await ask<{ chats: { edges: object[] } }>(
      system,
      '{ chats(filter: { status: ["hibernating"] }) { edges { node { chatId executionState } } } }',
    );
    expect(data.chats.edges).toEqual([{ node: { chatId: id, executionState: 'INVALID' } }]);
    await createAtRest(); // the work goes on
  });
});

describe('who asks, and for what', () => {
  const ONE = 'query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { chatId } }';
  const post = (headers: Record<string, string>) =>
    fetch(`${running().gatewayUrl}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query: ONE, variables: { id: randomUUID() } }),
    });

  test.each([
    ['no token', {}],
    ['a token that nobody signed', { authorization: 'Bearer a.b.c' }],
  ])('%s: 401 UNAUTHENTICATED, and nothing else', async (_, headers) => {
    const response = await post(headers);
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect(await response.json()).toEqual({
      errors: [{ message: expect.any(String), extensions: { code: 'UNAUTHENTICATED' } }],
    });
  });

  test("without the role one's own chat is answered, and somebody else's looks as if it did not exist", async () => {
    const system = running();
    const sub = randomUUID();
    const [own, others, token] = await Promise.all([
      create('hello', '--owner', sub),
      create('hello'),
      system.run('dist/cli/token.js', '--sub', sub),
    ]);
    const seen = async (id: string) => ask(system, ONE, { variables: { id }, token });
    expect(await seen(own)).toEqual({ data: { chatDebugSnapshot: { chatId: own } }, errors: [] });
    expect(await seen(others)).toEqual({ data: { chatDebugSnapshot: null }, errors: [] });
    expect(await seen(randomUUID())).toEqual({ data: { chatDebugSnapshot: null }, errors: [] });
    const { data, errors } = await ask(
      system,
      'query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { chatId everywhere { workerId } } }',
      { variables: { id: own }, token },
    );
    expect(data).toEqual({ chatDebugSnapshot: { chatId: own, everywhere: null } });
    expect(errors.map(codeOf)).toEqual(['FORBIDDEN']);
  });

  test.each<[string, string, object]>([
    ['a malformed id as a literal', '{ chatDebugSnapshot(chatId: "7f3") { chatId } }', {}],
    ['a malformed id as a variable', ONE, { id: '{7f3c}' }],
    ['101 ids', LIST, { ids: Array.from({ length: 101 }, () => randomUUID()) }],
  ])('%s: 400 BAD_USER_INPUT, and no data', async (_, query, variables) => {
    const { gatewayUrl, token } = running();
    const { status, body } = await askGateway({ url: gatewayUrl }, query, { variables, token });
    expect(status).toBe(400);
    expect(Object.keys(body)).toEqual(['errors']);
    expect(body.errors?.map(codeOf)).toEqual(['BAD_USER_INPUT']);
  });
});

const codeOf = ({ extensions }: GraphqlError) => extensions.code;
