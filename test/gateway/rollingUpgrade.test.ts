/** Replicas of two versions at once, as during every upgrade: the schema of one lacks fields that the gateway's has. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from '@jest/globals';
import { parse, print, visit } from 'graphql';
import type { Json } from '../../common/json.ts';
import { unauthenticated } from '../../server/graphql/answer.ts';
import type { WithRequestId } from '../../server/graphql/answering.ts';
import { serveSubgraph } from '../../server/graphql/serve.ts';
import { checkInternalToken } from '../../server/tokens/internalToken.ts';
import type { Inspector } from '../../subgraphs/runtime/inspector.ts';
import { type RuntimeContext, resolvers } from '../../subgraphs/runtime/resolvers.ts';
import { inspectorOf } from '../support/inspector.ts';
import { fleetPerFile } from './fleet.ts';
import { askGateway, callerToken } from './gateways.ts';
import { sendJson } from './httpServers.ts';
import { shared } from './runtimes.ts';

/** A gateway remembers what versions do not know, so each test has one of its own. */
const { database, servers, keep, gateway, insertReplica, addReplica, insertChat } = fleetPerFile();

const TASK = {
  ...({ id: randomUUID(), kind: 'GENERATION', historyVersion: 1, startedAt: new Date(0), runningSeconds: 1 } as const),
  ...{ cancelledAt: null, lastProgressAt: new Date(0), secondsSinceProgress: 1, attempt: 1, nextRetryAt: null },
  ...{ secondsUntilRetry: null, lastError: null, breakOffs: 0, lastBreakOff: null, waitsForDatabaseSeconds: null },
  ...{ label: null, maxAttempts: null, progressWithinSeconds: null },
};

const folder = mkdtempSync(join(tmpdir(), 'chat-debug-old-schema-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Fields that an earlier version lacks, by their text. */
const LACKS = {
  /** Fields of which the schema does not say since when there are such. */
  some: (field: string) => /^(messageBuffers|idleSeconds):/m.test(field),
  /** All of which it does. */
  newer: (field: string) => field.includes('@since'),
  /** A schema of long ago. */
  both: (field: string) => LACKS.some(field) || LACKS.newer(field),
};

/** The runtime schema as it was before it had these fields. */
function oldSchema(lacks: (field: string) => boolean): URL {
  const now = parse(readFileSync(new URL('../../subgraphs/runtime/schema.graphql', import.meta.url), 'utf8'));
  let left = 0;
  const before = visit(now, {
    FieldDefinition: (field) => {
      const { description: _, ...undescribed } = field;
      if (!lacks(print(undescribed))) return undefined;
      left += 1;
      return null;
    },
  });
  expect(left).toBeGreaterThan(1);
  const file = join(folder, `${randomUUID()}.graphql`);
  writeFileSync(file, print(before));
  return pathToFileURL(file);
}

interface OldReplica {
  readonly version: string;
  readonly lacks: (field: string) => boolean;
  readonly inspectorFor: (workerId: string) => Inspector;
  readonly onAsked: () => Promise<void>;
}

/** A replica of an earlier version: the same program with the schema of then. */
async function addOldReplica({
  version = '0.0.9',
  lacks = LACKS.some,
  inspectorFor = inspectorOf,
  onAsked = async () => {},
}: Partial<OldReplica> = {}): Promise<string> {
  const inspector = inspectorFor(randomUUID());
  const server = await serveSubgraph<RuntimeContext & WithRequestId>({
    ...shared,
    schemaFile: oldSchema(lacks),
    resolvers,
    authorize: async ({ headers }) => {
      const expected = { secret: shared.internalSecret, audience: inspector.workerId, now: shared.clock.now() };
      const check = await checkInternalToken(expected, headers.authorization);
      if (check.kind !== 'caller') return unauthenticated();
      await onAsked();
      return check.caller;
    },
    context: async (_who, requestId) => ({
      ...{ inspector, eventLoopDelay: { highestMs: () => 0, close: () => {} } },
      ...{ caller: { sub: 'gateway', roles: [] }, requestId },
    }),
    notReady: () => undefined,
  });
  return insertReplica(keep(server).url, { id: inspector.workerId, version });
}

interface Runtime {
  workerId: string;
  reachability: { status: string; reason: string | null };
  runners: unknown[] | null;
}
interface Snapshot {
  database: { status: string };
  runtime: Runtime;
  everywhere?: Runtime[];
}
const COMMON = 'workerId reachability { status reason } localWorkerId runners { runnerId phase }';
const LIST = (selection: string) =>
  `query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { database { status } ${selection} } }`;
const refusalOf = (version: string) => `It runs ${version} does not know all that was asked.`;

test.each([
  ['a field of the chat', 'messageBuffers { isClosed }', 'messageBuffers'],
  ['a field further down', 'idle: runners { idleSeconds }', 'idle'],
])(
  '%s that one version lacks: its chats are refused, with the version; the others are whole',
  async (_, field, key) => {
    const [old, now] = [await addOldReplica(), await addReplica()];
    const me = randomUUID();
    const ids = [await insertChat(old, me), await insertChat(now.id, me), await insertChat(old, me)];
    const front = await gateway({});
    for (const token of [await callerToken(), await callerToken({ sub: me })]) {
      const { body } = await askGateway<{ chatDebugSnapshots: Snapshot[] }>(
        front,
        LIST(`runtime { ${field} ${COMMON} }`),
        { variables: { ids }, token },
      );
      const refused = {
        ...{ workerId: old, localWorkerId: null, runners: null, [key]: null },
        reachability: { status: 'REFUSED', reason: refusalOf('version 0.0.9, which') },
      };
      const whole = {
        ...{ workerId: now.id, localWorkerId: now.id, runners: [{ runnerId: ids[1], phase: 'RUNNING' }] },
        ...{ reachability: { status: 'OK', reason: null }, [key]: expect.any(Array) },
      };
      expect(body.data?.chatDebugSnapshots).toEqual(
        [refused, whole, refused].map((runtime) => ({ database: { status: 'waiting' }, runtime })),
      );
      expect(body.errors).toEqual(
        [0, 2].map((i) => ({
          message: expect.stringContaining('version 0.0.9'),
          path: ['chatDebugSnapshots', i, 'runtime', key],
          extensions: { code: 'REPLICA_REFUSED', workerId: old, chatIds: [ids[i]] },
        })),
      );
    }
  },
);

test('asked for what both versions know, both answer', async () => {
  const [old, now] = [await addOldReplica(), await addReplica()];
  const ids = [await insertChat(old), await insertChat(now.id)];
  const { body } = await askGateway<{ chatDebugSnapshots: Snapshot[] }>(
    await gateway({}),
    LIST(`runtime { ${COMMON} } everywhere { ${COMMON} }`),
    { variables: { ids } },
  );
  expect(body.errors).toBeUndefined();
  const halves = body.data?.chatDebugSnapshots.flatMap(({ runtime, everywhere = [] }) => [runtime, ...everywhere]);
  expect(halves).toHaveLength(6);
  for (const half of halves ?? []) {
    expect(half).toMatchObject({ reachability: { status: 'OK' }, localWorkerId: half.workerId });
    expect(half.runners).toHaveLength(1);
  }
});

test('everywhere: each version speaks for itself', async () => {
  const [old, now] = [await addOldReplica(), await addReplica()];
  const chat = await insertChat(now.id);
  const { body } = await askGateway<{ chatDebugSnapshots: Snapshot[] }>(
    await gateway({}),
    LIST(`runtime { messageBuffers { isClosed } ${COMMON} } everywhere { messageBuffers { isClosed } ${COMMON} }`),
    { variables: { ids: [chat] } },
  );
  const [snapshot] = body.data?.chatDebugSnapshots ?? [];
  expect(snapshot?.runtime.reachability.status).toBe('OK');
  const statuses = snapshot?.everywhere?.map(({ workerId, reachability }) => [workerId, reachability.status]);
  expect(new Map(statuses as [string, string][])).toEqual(
    new Map([
      [old, 'REFUSED'],
      [now.id, 'OK'],
    ]),
  );
});

test('it is no failure of the replica', async () => {
  const old = await addOldReplica();
  const chat = await insertChat(old);
  const front = await gateway({});
  for (let i = 0; i < 8; i += 1) {
    const { body } = await askGateway<{ chatDebugSnapshots: Snapshot[] }>(
      front,
      LIST('runtime { messageBuffers { isClosed } reachability { status } }'),
      { variables: { ids: [chat] }, extensions: { routing: true } },
    );
    expect(body.data?.chatDebugSnapshots[0]?.runtime.reachability.status).toBe('REFUSED');
    expect(body.extensions).toEqual({
      routing: [expect.objectContaining({ replicaId: old, attempts: 1, breaker: 'CLOSED' })],
    });
  }
});

test('a chat that has moved from one version to the other meanwhile is answered by the other', async () => {
  const now = await addReplica();
  const onAsked = async () => {
    await database.pool.query('UPDATE chats SET worker_id = $1', [now.id]);
  };
  const old = await addOldReplica({ onAsked });
  const chat = await insertChat(old);
  const { body } = await askGateway<{ chatDebugSnapshots: Snapshot[] }>(
    await gateway({}),
    LIST(`runtime { messageBuffers { isClosed } ${COMMON} }`),
    { variables: { ids: [chat] } },
  );
  expect(body.errors).toBeUndefined();
  expect(body.data?.chatDebugSnapshots[0]?.runtime).toMatchObject({
    ...{ workerId: old, localWorkerId: now.id, runners: [{ runnerId: chat }] },
    reachability: { status: 'OK', reason: expect.stringContaining('version 0.0.9') },
  });
});

test('a version that is no plain version is not shown', async () => {
  const chat = await insertChat(await addOldReplica({ version: '1.0 at http://10.0.0.1/' }));
  const { body } = await askGateway<{ chatDebugSnapshots: Snapshot[] }>(
    await gateway({}),
    LIST('runtime { messageBuffers { isClosed } reachability { status reason } }'),
    { variables: { ids: [chat] } },
  );
  expect(body.data?.chatDebugSnapshots[0]?.runtime.reachability).toEqual({
    status: 'REFUSED',
    reason: refusalOf('a version that'),
  });
});

describe('fields that are marked as newer', () => {
  const NEWER = 'runners { activeTask { id label breakOffs } tasks { waitsForDatabaseSeconds } }';
  const DIAGNOSIS = 'diagnosis { verdict consistency findings { code } }';
  const withTask = (workerId: string): Inspector => {
    const inspector = inspectorOf(workerId);
    const inspectChat = (chatId: string) => {
      const { runners, ...chat } = inspector.inspectChat(chatId);
      return { ...chat, runners: runners.map((one) => ({ ...one, activeTask: TASK, tasks: [TASK] })) };
    };
    return { ...inspector, inspectChat };
  };
  const addOld = async (options: Partial<OldReplica> = {}) => {
    let times = 0;
    const onAsked = async () => {
      times += 1;
    };
    const id = await addOldReplica({ lacks: LACKS.newer, inspectorFor: withTask, onAsked, ...options });
    return { id, times: () => times };
  };
  /** A chat that its owner works on, with the runner that its replica holds in memory. */
  const insertRunning = async (workerId: string): Promise<string> => {
    const id = await insertChat(workerId);
    await database.pool.query(
      `WITH changed AS (
         UPDATE chats SET status = 'running', runner_id = id
         FROM (SELECT set_config('chat_debug.events', 'off', true)) AS uncounted WHERE id = $1 RETURNING id)
       INSERT INTO chat_heartbeats (chat_id, runner_id, heartbeat_at) SELECT id, id, now() FROM changed`,
      [id],
    );
    return id;
  };
  const asked = async (front: { url: string }, ids: string[], selection: string) => {
    const body = (
      await askGateway<{ chatDebugSnapshots: Json[] }>(front, LIST(selection), {
        ...{ variables: { ids }, extensions: { routing: true } },
      })
    ).body;
    return { chats: body.data?.chatDebugSnapshots ?? [], errors: body.errors, extensions: body.extensions };
  };

  test('no verdict turns UNKNOWN for what only the diagnosis requires, and no client hears of it', async () => {
    const old = await addOld();
    const chat = await insertRunning(old.id);
    const front = await gateway({});
    for (const attempts of [2, 1, 1]) {
      const { chats, errors, extensions } = await asked(front, [chat], DIAGNOSIS);
      expect(errors).toBeUndefined();
      expect(chats).toEqual([
        { database: { status: 'running' }, diagnosis: { verdict: 'WORKING', consistency: 'EXACT', findings: [] } },
      ]);
      expect(extensions).toEqual({
        routing: [expect.objectContaining({ replicaId: old.id, status: 'OK', attempts, breaker: 'CLOSED' })],
      });
    }
    expect(old.times()).toBe(4);
  });

  test('a client who selects some has null there and one error a chat; all else is whole, also beside a diagnosis', async () => {
    const [old, now] = [await addOld(), await addReplica()];
    const ids = [await insertChat(old.id), await insertChat(now.id), await insertChat(old.id)];
    const { chats, errors } = await asked(await gateway({}), ids, `runtime { ${COMMON} ${NEWER} } ${DIAGNOSIS}`);
    const task = { id: TASK.id, label: null, breakOffs: null };
    for (const i of [0, 2]) {
      expect(chats[i]?.runtime).toEqual({
        ...{ workerId: old.id, localWorkerId: old.id, reachability: { status: 'OK', reason: null } },
        runners: [{ runnerId: ids[i], phase: 'RUNNING', activeTask: task, tasks: [{ waitsForDatabaseSeconds: null }] }],
      });
    }
    expect(chats[1]).toMatchObject({ runtime: { reachability: { status: 'OK' } } });
    expect(errors).toEqual(
      [0, 2].map((i) => ({
        message: `Replica ${old.id} could not be asked for this. ${refusalOf('version 0.0.9, which')}`,
        path: ['chatDebugSnapshots', i, 'runtime', 'runners', 0, 'activeTask', 'label'],
        extensions: { code: 'FIELD_UNSUPPORTED', workerId: old.id, chatIds: [ids[i]] },
      })),
    );
  });

  test('a legitimate null beside them has no error', async () => {
    const old = await addOld();
    const { chats, errors } = await asked(
      await gateway({}),
      [await insertChat(old.id)],
      `runtime { runners { activeTask { cancelledAt } } } ${DIAGNOSIS}`,
    );
    expect([chats[0]?.runtime, errors]).toEqual([{ runners: [{ activeTask: { cancelledAt: null } }] }, undefined]);
  });

  test('everywhere, and a replica as a whole: each version says what it knows', async () => {
    const [old, now] = [await addOld(), await addReplica()];
    const chat = await insertRunning(now.id);
    const front = await gateway({});
    const { chats, errors } = await asked(front, [chat], `diagnosisEverywhere { verdict } everywhere { ${COMMON} }`);
    expect(errors).toBeUndefined();
    expect(chats[0]?.diagnosisEverywhere).toMatchObject({ verdict: 'WORKING' });
    const ways = (chats[0] as unknown as Snapshot).everywhere?.map(({ reachability }) => reachability.status);
    expect(ways).toEqual(['OK', 'OK']);
    const { body } = await askGateway<{ replicas: { id: string; runtime: Json }[] }>(
      front,
      '{ replicas { id runtime { isDraining capacity reachability { status } } } }',
    );
    const ofOld = body.data?.replicas.find(({ id }) => id === old.id)?.runtime;
    expect(ofOld).toEqual({ isDraining: null, capacity: expect.any(Number), reachability: { status: 'OK' } });
    expect(body.errors).toEqual([
      expect.objectContaining({ path: ['replicas', expect.any(Number), 'runtime', 'isDraining'] }),
    ]);
  });

  test('arguments and conditions go with the fields that they belong to', async () => {
    const old = await addOld();
    await insertChat(old.id);
    const { body } = await askGateway<{ replicas: { runtime: Json }[] }>(
      await gateway({}),
      `query ($first: Int, $all: Boolean!) { replicas { runtime {
        runnersByOwner(first: $first) { ownerId } draining: isDraining @include(if: $all) runnerCount
      } } }`,
      { variables: { first: 3, all: true } },
    );
    expect(body.data?.replicas).toEqual([{ runtime: { runnersByOwner: null, draining: null, runnerCount: 42 } }]);
    expect(body.errors).toMatchObject([{ path: ['replicas', 0, 'runtime', 'runnersByOwner'] }]);
    expect(old.times()).toBe(2);
  });

  test('the snapshot document of a chat whose owner is of an earlier version is whole but for them', async () => {
    const old = await addOld();
    const chat = await insertRunning(old.id);
    const { url } = await gateway({});
    const response = await fetch(`${url}/api/experimental/chats/${chat}/debug/snapshot`, {
      headers: { authorization: `Bearer ${await callerToken()}` },
    });
    const { runtime } = (await response.json()) as { runtime: Json };
    expect([response.status, runtime]).toEqual([
      200,
      expect.objectContaining({ runners: [expect.objectContaining({ phase: 'running' })] }),
    ]);
    expect(JSON.stringify(runtime)).toContain('"label":null');
  });

  test('what is not marked is refused all the same, with the version, after a second question', async () => {
    const old = await addOld({ lacks: LACKS.both });
    const { chats, errors } = await asked(
      await gateway({}),
      [await insertChat(old.id)],
      `runtime { messageBuffers { isClosed } ${COMMON} ${NEWER} }`,
    );
    expect(chats[0]?.runtime).toMatchObject({
      reachability: { status: 'REFUSED', reason: refusalOf('version 0.0.9, which') },
    });
    expect(errors).toMatchObject([{ extensions: { code: 'REPLICA_REFUSED' } }]);
    expect(old.times()).toBe(3); // the last one: whether it speaks the runtime protocol instead
  });

  test.each(['0.0.9 at http://10.0.0.1/', '7.1.2'])('so for version %j, whose number says nothing', async (version) => {
    const old = await addOld({ version });
    const { chats, errors } = await asked(await gateway({}), [await insertRunning(old.id)], DIAGNOSIS);
    expect(errors).toBeUndefined();
    expect(chats[0]?.diagnosis).toMatchObject({ verdict: 'WORKING' });
  });
});

const invalid = { message: 'no', extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } };
test.each<[string, number, unknown]>([
  ['for another reason', 400, { errors: [{ message: 'no', extensions: { code: 'BAD_REQUEST' } }] }],
  ['partly for another reason', 400, { errors: [invalid, { message: 'no' }] }],
  ['for no reason', 400, { errors: [] }],
  ['beside data', 400, { errors: [invalid], data: { _entities: [] } }],
  ['with the status of a defect', 500, { errors: [invalid] }],
  ['with the status of an answer', 200, { errors: [invalid] }],
])('what is refused %s is no matter of versions, but a bad answer', async (_, status, answer) => {
  const server = await servers.serve((response) => sendJson(response, status, answer));
  const chat = await insertChat(await insertReplica(server.url));
  const { body } = await askGateway<{ chatDebugSnapshots: Snapshot[] }>(
    await gateway({}),
    LIST('runtime { reachability { status } }'),
    { variables: { ids: [chat] } },
  );
  expect(body.data?.chatDebugSnapshots[0]?.runtime.reachability.status).toBe('BAD_ANSWER');
});
