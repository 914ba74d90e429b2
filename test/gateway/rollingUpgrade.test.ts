/** Replicas of two versions at once, as during every upgrade: the schema of one lacks fields that the gateway's has. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from '@jest/globals';
import { checkInternalToken } from '../../common/internalToken.ts';
import type { WithRequestId } from '../../subgraphs/answering.ts';
import { unauthenticated } from '../../subgraphs/errors.ts';
import { type RuntimeContext, resolvers } from '../../subgraphs/runtime/resolvers.ts';
import { serveSubgraph } from '../../subgraphs/serve.ts';
import { inspectorOf } from '../support/inspector.ts';
import { fleetPerFile } from './fleet.ts';
import { askGateway, callerToken } from './gateways.ts';
import { sendJson } from './httpServers.ts';
import { shared } from './runtimes.ts';

const { database, servers, keep, gateway, insertReplica, addReplica, insertChat } = fleetPerFile();

const folder = mkdtempSync(join(tmpdir(), 'chat-debug-old-schema-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The runtime schema as it was before it had these fields. */
function oldSchema(): URL {
  const now = readFileSync(new URL('../../subgraphs/runtime/schema.graphql', import.meta.url), 'utf8');
  const before = now.replace(/ *"[^"\n]*"\n *(messageBuffers|idleSeconds): .*\n/g, '');
  expect(now.split('\n').length - before.split('\n').length).toBe(4);
  const file = join(folder, 'schema.graphql');
  writeFileSync(file, before);
  return pathToFileURL(file);
}

/** A replica of an earlier version: the same program with the schema of then. */
async function addOldReplica({ version = '0.0.9', onAsked = async () => {} } = {}): Promise<string> {
  const inspector = inspectorOf(randomUUID());
  const server = await serveSubgraph<RuntimeContext & WithRequestId, void>({
    ...shared,
    schemaFile: oldSchema(),
    resolvers,
    authorize: async ({ headers }) => {
      const expected = { secret: shared.internalSecret, audience: inspector.workerId, now: shared.clock.now() };
      if ((await checkInternalToken(expected, headers.authorization)).kind !== 'caller') throw unauthenticated();
      await onAsked();
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
    const front = await gateway();
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
    await gateway(),
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
    await gateway(),
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
  const front = await gateway();
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
    await gateway(),
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
    await gateway(),
    LIST('runtime { messageBuffers { isClosed } reachability { status reason } }'),
    { variables: { ids: [chat] } },
  );
  expect(body.data?.chatDebugSnapshots[0]?.runtime.reachability).toEqual({
    status: 'REFUSED',
    reason: refusalOf('a version that'),
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
    await gateway(),
    LIST('runtime { reachability { status } }'),
    { variables: { ids: [chat] } },
  );
  expect(body.data?.chatDebugSnapshots[0]?.runtime.reachability.status).toBe('BAD_ANSWER');
});
