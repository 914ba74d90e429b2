/** Real failures of every part, and a search through the client's answers for what they must not hold. */
import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from '@jest/globals';
import { systemClock } from '../../common/clock.ts';
import type { RunningServer } from '../../server/app.ts';
import { makeLogger } from '../../server/log.ts';
import type { Inspector } from '../../subgraphs/runtime/inspector.ts';
import { startRuntimeSubgraph } from '../../subgraphs/runtime/server.ts';
import { createDatabase } from '../support/database.ts';
import { describeOnce, startDatabase as startSubgraph } from './databaseWays.ts';
import { askGateway, callerToken, gatewaysPerTest, INTERNAL_SECRET } from './gateways.ts';
import { sendJson, serversPerTest } from './httpServers.ts';

const servers = serversPerTest();
const startGateway = gatewaysPerTest();
const log = makeLogger('test', 'silent');
const shared = { internalSecret: INTERNAL_SECRET, host: '127.0.0.1', port: 0, clock: systemClock, log };
const OWNER = randomUUID();

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function startDatabase(databaseUrl: string): Promise<RunningServer> {
  const limits = { staleAfterSeconds: 30, noProgressSeconds: 60, databaseTimeoutMs: 20_000 };
  const server = await startSubgraph({ ...shared, ...limits, databaseUrl });
  closing.push(() => server.stop());
  return server;
}

/** Words of the inside: SQL, stacks, addresses, files, drivers, secrets. */
const INTERNAL = [
  /\b(SELECT|INSERT|FROM|WHERE)\b/,
  /relation "|column "|postgres|prisma|127\.0\.0\.1|10\.0\.0\.7|localhost|stack|node_modules|\.[tj]s:\d|\bat [\w.]+ \(|hunter2|<html|eyJ/i,
];

const SELECTION = `chatId executionState takenAt database { status title queueDepth lastError messageStats { total } heartbeats { runnerId } }
  runtime { reachability { status reason address } localWorkerId runners { runnerId } messageBuffers { partsBuffered } eventLoopDelayMs }
  everywhere { workerId }`;
const QUERY = `query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { ${SELECTION} } replicas { id } chats { edges { node { ${SELECTION} } } } }`;

/** Asks for everything as the chat's owner, who has no role; the whole answer as text, over GraphQL and as the document. */
async function answersOf(subgraph: { url: string }, id: string = randomUUID()): Promise<string[]> {
  const gateway = await startGateway(subgraph);
  const token = await callerToken({ sub: OWNER });
  const graphql = await askGateway(gateway, QUERY, { variables: { id }, token });
  expect(graphql.body.errors?.length).toBeGreaterThan(0);
  const document = await fetch(`${gateway.url}/api/experimental/chats/${id}/debug/snapshot`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return [JSON.stringify(graphql.body), await document.text(), await (await fetch(`${gateway.url}/readyz`)).text()];
}

const expectNothingInternal = (answers: string[]) => {
  const found = answers.flatMap((answer) => INTERNAL.map((words) => words.exec(answer)?.[0]));
  expect(found.filter((word) => word !== undefined)).toEqual([]);
};

/** A database with a chat of the owner's, which `address` holds. */
async function databaseWithChat(address: string) {
  const database = await createDatabase();
  closing.push(() => database.drop());
  const workerId = randomUUID();
  await database.pool.query(`INSERT INTO replicas (id, hostname, relay_address, version) VALUES ($1, 'h', $2, '1')`, [
    workerId,
    address,
  ]);
  const { rows } = await database.pool.query<{ id: string }>(
    'INSERT INTO chats (owner_id, worker_id, runner_id) VALUES ($1, $2, $3) RETURNING id',
    [OWNER, workerId, randomUUID()],
  );
  return { database, workerId, id: rows[0]?.id ?? '' };
}

const TRACE = 'Error: SELECT secret FROM chats at Object.run (/srv/node_modules/pg/x.ts:7:1) on 10.0.0.7, hunter2';

test('the database is down', async () => {
  const subgraph = await startDatabase('postgres://hunter2:hunter2@127.0.0.1:1/nothing');
  expectNothingInternal(await answersOf(subgraph));
});

test.each(['chat_queued_messages', 'chat_messages', 'chat_heartbeats', 'chats', 'replicas'])(
  'a statement fails, since the table %s is gone',
  async (table) => {
    const { database, id } = await databaseWithChat('http://127.0.0.1:1');
    await database.pool.query(`ALTER TABLE ${table} RENAME TO elsewhere`);
    expectNothingInternal(await answersOf(await startDatabase(database.url), id));
  },
);

describeOnce('what others answer', () => {
  test.each<[string, Parameters<typeof servers.serve>[0]]>([
    ['HTML with a stack', (response) => response.writeHead(500, { 'content-type': 'text/html' }).end(`<html>${TRACE}`)],
    ['HTML with 200', (response) => response.writeHead(200, { 'content-type': 'text/html' }).end(`<html>${TRACE}`)],
    ['a type with words in it', (response) => response.writeHead(200, { 'content-type': TRACE }).end('{}')],
    [
      'errors with stacks',
      (response) =>
        sendJson(response, 200, {
          data: null,
          errors: [
            { message: TRACE, extensions: { code: 'INTERNAL_SERVER_ERROR', stacktrace: [TRACE], exception: TRACE } },
            { message: TRACE },
          ],
        }),
    ],
    [
      'a body that is cut',
      (response) => response.writeHead(200, { 'content-type': 'application/json' }).end(`{"${TRACE}`),
    ],
  ])('the database subgraph answers %s', async (_, handler) => {
    expectNothingInternal(await answersOf(await servers.serve(handler)));
  });

  test.each<[string, Parameters<typeof servers.serve>[0]]>([
    ['HTML with a stack', (response) => response.writeHead(500, { 'content-type': 'text/html' }).end(`<html>${TRACE}`)],
    ['errors with stacks', (response) => sendJson(response, 200, { data: null, errors: [{ message: TRACE }] })],
    [
      'entities with errors',
      (response, { body }) =>
        sendJson(response, 200, {
          data: { _entities: (body.variables.representations as unknown[]).map(() => null) },
          errors: [{ message: TRACE, path: ['_entities', 0, 'runners'], extensions: { code: TRACE, stack: TRACE } }],
        }),
    ],
    [
      'that it refuses',
      (response) =>
        sendJson(response, 421, {
          errors: [{ message: TRACE, extensions: { code: 'REPLICA_REFUSED', localWorkerId: TRACE } }],
        }),
    ],
    ['a redirect', (response) => response.writeHead(302, { location: `http://10.0.0.7/?${'hunter2'}` }).end()],
  ])('a replica answers %s', async (_, handler) => {
    const replica = await servers.serve(handler);
    const { database, id } = await databaseWithChat(replica.url);
    expectNothingInternal(await answersOf(await startDatabase(database.url), id));
  });

  test('a resolver of a replica has a defect', async () => {
    const workerId = randomUUID();
    const broken = () => {
      throw new TypeError(TRACE);
    };
    const inspector: Inspector = {
      ...{ workerId, inspectChat: broken, inspectReplica: broken, inspectRunners: broken },
      follow: async function* () {},
    };
    const server = await startRuntimeSubgraph({ ...shared, inspector });
    closing.push(() => server.stop());
    const { database, id } = await databaseWithChat(server.url);
    await database.pool.query('UPDATE replicas SET id = $1', [workerId]);
    await database.pool.query('UPDATE chats SET worker_id = $1', [workerId]);
    expectNothingInternal(await answersOf(await startDatabase(database.url), id));
  });
});
