/** The diagnosis through the gateway: its questions, their number and addressees, and its words when a part fails. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../common/clock.ts';
import type { RunningServer } from '../../server/app.ts';
import { makeLogger } from '../../server/log.ts';
import type { Inspector, RunnerInspection, TaskInspection } from '../../subgraphs/runtime/inspector.ts';
import { startRuntimeSubgraph } from '../../subgraphs/runtime/server.ts';
import { insertChat, insertHeartbeat } from '../subgraphs/database/support/rows.ts';
import { databasePerFile } from '../support/database.ts';
import { startPostgresProxy } from '../support/postgresProxy.ts';
import { describeOnce, startDatabase, testOnce } from './databaseWays.ts';
import {
  askGateway,
  callerToken,
  type GatewayChanges,
  gatewayPerFile,
  gatewaysPerTest,
  INTERNAL_SECRET,
} from './gateways.ts';
import { deadUrl, serversPerTest, type TestServer } from './httpServers.ts';

const database = databasePerFile();
const servers = serversPerTest();
const startGateway = gatewaysPerTest();
const log = makeLogger('test', 'silent');
const shared = { internalSecret: INTERNAL_SECRET, host: '127.0.0.1', port: 0, clock: systemClock, log };
const held: { tap?: Awaited<ReturnType<typeof startPostgresProxy>>; subgraph?: RunningServer } = {};
const subgraphUrl = () => ({ url: held.subgraph?.url ?? '' });
const gatewayOfFile = gatewayPerFile(subgraphUrl);

beforeAll(async () => {
  held.tap = await startPostgresProxy(database.url);
  const limits = { staleAfterSeconds: 30, noProgressSeconds: 60, databaseTimeoutMs: 20_000 };
  held.subgraph = await startDatabase({ ...shared, ...limits, databaseUrl: held.tap.url });
  await gatewayOfFile(); // a chat that is made before it grows old while it starts
});
afterAll(async () => {
  await held.subgraph?.stop();
  await held.tap?.close();
});

const started: RunningServer[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.stop()));
  await database.pool.query('TRUNCATE chats, replicas CASCADE');
});

const gateway = (changes?: GatewayChanges) => (changes ? startGateway(subgraphUrl(), changes) : gatewayOfFile());

const AT = new Date('2026-11-22T09:30:00.000Z');
const TASK: TaskInspection = {
  ...({ id: randomUUID(), kind: 'GENERATION', historyVersion: 1, startedAt: AT, runningSeconds: 5 } as const),
  ...{ cancelledAt: null, lastProgressAt: AT, secondsSinceProgress: 0.5, attempt: 1 },
  ...{ nextRetryAt: null, secondsUntilRetry: null, lastError: null },
};

/** Healthy runner at work. */
const runner = (chatId: string, runnerId: string, workerId: string): RunnerInspection => ({
  ...{ runnerId, workerId, chatId, phase: 'RUNNING', startedAt: AT, uptimeSeconds: 60, status: 'running' },
  ...{ snapshotVersion: 1, historyVersion: 1, generationAttempt: 1, lastUpdateAt: AT },
  ...{ activeTaskKind: 'GENERATION', activeTask: TASK, idleSeconds: null, tasks: [TASK] },
  lease: { renewedAt: AT, ageSeconds: 3, intervalSeconds: 9, staleAfterSeconds: 30, consecutiveFailures: 0 },
});

/** Runner that a replica has for a chat. */
type Holds = (chatId: string) => string | undefined;

function inspectorOf(workerId: string, holds: Holds): Inspector {
  const loop = { lastRunAt: null, lastError: null, consecutiveFailures: 0, intervalSeconds: 5 };
  const loops = { acquisition: loop, heartbeats: loop, databaseSync: loop };
  return {
    workerId,
    inspectChat: (chatId) => {
      const runnerId = holds(chatId);
      const runners = runnerId === undefined ? [] : [runner(chatId, runnerId, workerId)];
      return { observedAt: AT, runners, messageBuffers: [] };
    },
    inspectReplica: () => ({
      ...{ startedAt: AT, runnerCount: 1, capacity: 9, isFull: false, bufferCount: 0, bufferBytes: 0 },
      ...loops,
    }),
    inspectRunners: () => [],
    follow: async function* () {},
  };
}

async function insertReplica(relayAddress: string, id = randomUUID() as string): Promise<string> {
  await database.pool.query(
    `INSERT INTO replicas (id, hostname, relay_address, version) VALUES ($1, 'host', $2, '0.1.0')`,
    [id, relayAddress],
  );
  return id;
}

/** A real runtime subgraph with its row, behind a door at which its requests are counted. */
async function addReplica(holds: Holds, beforeAnswer = async () => {}): Promise<{ id: string; door: TestServer }> {
  const id = randomUUID();
  const server = await startRuntimeSubgraph({ ...shared, inspector: inspectorOf(id, holds) });
  started.push(server);
  const door = await servers.serve(async (response, { headers, body, url }) => {
    const { authorization = '' } = headers;
    const init = { method: 'POST', headers: { authorization, 'content-type': 'application/json' } };
    const answer = await fetch(`${server.url}${url}`, { ...init, body: JSON.stringify(body) });
    await beforeAnswer();
    const type = answer.headers.get('content-type') ?? '';
    response.writeHead(answer.status, { 'content-type': type }).end(await answer.text());
  });
  await insertReplica(door.url, id);
  return { id, door };
}

/** Running, changed a minute ago, with a fresh lease. */
async function insertOwned(workerId: string, ownerId = randomUUID() as string, snapshot_version = 1) {
  const runnerId = randomUUID();
  const updated_at = `now() - interval '50 seconds'`;
  const columns = {
    status: 'running',
    worker_id: workerId,
    runner_id: runnerId,
    owner_id: ownerId,
    updated_at,
    snapshot_version,
  };
  const id = await insertChat(database.pool, columns);
  await insertHeartbeat(database.pool, id, runnerId);
  return { id, runnerId };
}

interface Diagnosis {
  verdict: string;
  summary: string;
  consistency: string;
  findings: { code: string; severity: string; message: string; evidence: { field: string; value: string }[] }[];
}
const FIELDS = `verdict summary consistency findings { code severity message evidence { field value } }`;
const ONE = (selection = `diagnosis { ${FIELDS} }`) =>
  `query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { ${selection} } }`;

async function diagnosisOf(front: RunningServer, id: string, field = 'diagnosis'): Promise<Diagnosis> {
  const { body } = await askGateway<{ chatDebugSnapshot: Record<string, Diagnosis> }>(
    front,
    ONE(`${field} { ${FIELDS} }`),
    { variables: { id } },
  );
  expect(body.errors).toBeUndefined();
  const diagnosis = body.data?.chatDebugSnapshot[field];
  if (!diagnosis) throw new Error('no diagnosis');
  return diagnosis;
}

const short = ({ verdict, consistency, findings }: Diagnosis) => [
  verdict,
  consistency,
  ...findings.map(({ code, severity }) => `${severity} ${code}`),
];

describe('one chat', () => {
  test('that is well is found to be well, with one question to its owner', async () => {
    const holds = new Map<string, string>();
    const owner = await addReplica((id) => holds.get(id));
    const chat = await insertOwned(owner.id);
    holds.set(chat.id, chat.runnerId);
    expect(short(await diagnosisOf(await gateway(), chat.id))).toEqual(['WORKING', 'EXACT']);
    expect(owner.door.received).toHaveLength(1);
  });

  test('that was read while it moved is read again, and is well', async () => {
    let readings = 0;
    const chats = new Map<string, string>();
    const owner = await addReplica((id) => {
      readings += 1;
      return readings === 1 ? undefined : chats.get(id);
    });
    const chat = await insertOwned(owner.id);
    chats.set(chat.id, chat.runnerId);
    const diagnosis = await diagnosisOf(await gateway(), chat.id);
    expect(short(diagnosis)).toEqual(['WORKING', 'EXACT']);
    expect(diagnosis.summary).toContain('the first of two readings had it stuck');
    expect(readings).toBe(2);
  });

  test('that is stuck is called so after a second reading, whose values are the evidence', async () => {
    let readings = 0;
    const owner = await addReplica(() => {
      readings += 1;
      return undefined;
    });
    const chat = await insertOwned(owner.id);
    const diagnosis = await diagnosisOf(await gateway(), chat.id);
    expect(short(diagnosis)).toEqual(['STUCK', 'NOT_COMPARED', 'CRITICAL RUNNER_MISSING']);
    expect(diagnosis.findings[0]?.message).toContain('second reading');
    expect(diagnosis.findings[0]?.evidence).toContainEqual({ field: 'database.workerId', value: owner.id });
    expect(readings).toBe(2);
  });

  test('that gets another owner between the readings is said to have moved', async () => {
    const holds = new Map<string, string>();
    const next = await addReplica((id) => holds.get(id));
    const taken = randomUUID();
    const first = await addReplica(
      () => undefined,
      async () => {
        await database.pool.query('UPDATE chats SET worker_id = $2, runner_id = $3 WHERE id = $1', [
          chat.id,
          next.id,
          taken,
        ]);
        await insertHeartbeat(database.pool, chat.id, taken);
      },
    );
    const chat = await insertOwned(first.id, randomUUID(), 0); // the change counts it up
    holds.set(chat.id, taken);
    expect(short(await diagnosisOf(await gateway(), chat.id))).toEqual(['WORKING', 'OWNER_MOVED']);
  });

  test('whose owner is gone: a finding, and no error unless a lost field was selected', async () => {
    const dead = await insertReplica(await deadUrl());
    const { id } = await insertOwned(dead);
    const front = await gateway();
    expect(short(await diagnosisOf(front, id))).toEqual(['UNKNOWN', 'NOT_COMPARED', 'WARNING OWNER_UNREACHABLE']);
    const selected = ONE(
      'how: diagnosis { verdict } runtime { reachability { status } eventLoopDelayMs localWorkerId }',
    );
    const { body } = await askGateway(front, selected, { variables: { id } });
    expect(body.data).toEqual({
      chatDebugSnapshot: {
        how: { verdict: 'UNKNOWN' },
        runtime: { reachability: { status: 'UNREACHABLE' }, eventLoopDelayMs: null, localWorkerId: null },
      },
    });
    expect(body.errors?.map(({ path, extensions }) => [path, extensions.code])).toEqual([
      [['chatDebugSnapshot', 'runtime', 'eventLoopDelayMs'], 'REPLICA_UNREACHABLE'],
    ]);
  });
});

describeOnce('every replica', () => {
  test('is asked by diagnosisEverywhere alone, which finds the runner that should not be there', async () => {
    const holds = new Map<string, string>();
    const owner = await addReplica((id) => holds.get(id));
    const other = await addReplica(() => randomUUID());
    const silent = await insertReplica(await deadUrl());
    const chat = await insertOwned(owner.id);
    holds.set(chat.id, chat.runnerId);
    const front = await gateway();
    expect(short(await diagnosisOf(front, chat.id))).toEqual(['WORKING', 'EXACT']);
    expect(other.door.received).toEqual([]);
    const everywhere = await diagnosisOf(front, chat.id, 'diagnosisEverywhere');
    expect(short(everywhere)).toEqual(['STUCK', 'EXACT', 'CRITICAL RUNNER_ELSEWHERE']);
    expect(everywhere.findings[0]?.message).toContain(other.id);
    expect(everywhere.summary).toContain('1 of 2 other replicas did not answer');
    expect(silent).toBeDefined();
  });

  test('is not for callers without the role, who are told so once, on that field', async () => {
    const holds = new Map<string, string>();
    const owner = await addReplica((id) => holds.get(id));
    const me = randomUUID();
    const chat = await insertOwned(owner.id, me);
    holds.set(chat.id, chat.runnerId);
    const { body } = await askGateway(await gateway(), ONE('diagnosis { verdict } diagnosisEverywhere { verdict }'), {
      variables: { id: chat.id },
      token: await callerToken({ sub: me }),
    });
    expect(body.data).toEqual({ chatDebugSnapshot: { diagnosis: { verdict: 'WORKING' }, diagnosisEverywhere: null } });
    expect(body.errors?.map(({ path, extensions }) => [path, extensions])).toEqual([
      [['chatDebugSnapshot', 'diagnosisEverywhere'], { code: 'FORBIDDEN' }],
    ]);
  });
});

describe('a hundred chats', () => {
  const LIST = `query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { chatId diagnosis { ${FIELDS} } } }`;
  type List = { chatDebugSnapshots: { chatId: string; diagnosis: Diagnosis }[] };
  /** Statements that read a table. */
  const readings = () =>
    held.tap?.statements.filter((sql) => /\bFROM (chats|chat_\w+|replicas)\b/.test(sql)).length ?? 0;

  /** Those that a diagnosis of one chat costs, once the directory has been read. */
  async function readingsFor(front: RunningServer, id: string): Promise<number> {
    await diagnosisOf(front, id);
    held.tap?.statements.splice(0);
    await diagnosisOf(front, id);
    return readings();
  }

  async function hundred(replicas: readonly { id: string }[], holds?: Map<string, string>): Promise<string[]> {
    const chats = await Promise.all(
      Array.from({ length: 100 }, (_, i) => insertOwned(replicas[i % replicas.length]?.id ?? '')),
    );
    for (const { id, runnerId } of chats) holds?.set(id, runnerId);
    return chats.map(({ id }) => id);
  }

  test('cost one statement, as one chat does, and one request a replica, when all is well', async () => {
    const holds = new Map<string, string>();
    const replicas = [await addReplica((id) => holds.get(id)), await addReplica((id) => holds.get(id))];
    const ids = await hundred(replicas, holds);
    const front = await gateway();
    expect(await readingsFor(front, ids[0] ?? '')).toBe(1);
    for (const { door } of replicas) door.received.length = 0;
    held.tap?.statements.splice(0);
    const { body } = await askGateway<List>(front, LIST, { variables: { ids } });
    expect(new Set(body.data?.chatDebugSnapshots.map(({ diagnosis }) => diagnosis.verdict))).toEqual(
      new Set(['WORKING']),
    );
    expect(replicas.map(({ door }) => door.received.length)).toEqual([1, 1]);
    expect(readings()).toBe(1);
  });

  test('cost that twice, and no more, when all look stuck', async () => {
    const replicas = [await addReplica(() => undefined), await addReplica(() => undefined)];
    const ids = await hundred(replicas);
    const front = await gateway();
    expect(await readingsFor(front, ids[0] ?? '')).toBe(2);
    for (const { door } of replicas) door.received.length = 0;
    held.tap?.statements.splice(0);
    const { body } = await askGateway<List>(front, LIST, { variables: { ids } });
    expect(body.errors).toBeUndefined();
    expect(body.data?.chatDebugSnapshots.map(({ chatId }) => chatId)).toEqual(ids);
    const found = body.data?.chatDebugSnapshots.map(({ diagnosis }) => short(diagnosis).join(' '));
    expect(new Set(found)).toEqual(new Set(['STUCK NOT_COMPARED CRITICAL RUNNER_MISSING']));
    expect(replicas.map(({ door }) => door.received.length)).toEqual([2, 2]);
    expect(readings()).toBe(2);
  });

  testOnce('keep what is known of healthy replicas when one of them takes all the time there is', async () => {
    const answers = await addReplica(() => undefined);
    const hangs = await insertReplica((await servers.hang()).url);
    const ids = await hundred([answers, { id: hangs }]);
    const front = await gateway({ replicas: { timeoutMs: 5_000 } });
    const { body } = await askGateway<List>(front, LIST, { variables: { ids } });
    const found = body.data?.chatDebugSnapshots.map(({ diagnosis }) => short(diagnosis).join(' ')) ?? [];
    expect(new Set(found.filter((_, i) => i % 2 === 0))).toEqual(
      new Set(['STUCK NOT_COMPARED CRITICAL RUNNER_MISSING']),
    );
    expect(new Set(found.filter((_, i) => i % 2 === 1))).toEqual(
      new Set(['UNKNOWN NOT_COMPARED WARNING OWNER_UNREACHABLE']),
    );
  });
});
