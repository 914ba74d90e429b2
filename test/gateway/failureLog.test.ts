/** What a client of the gateway is not told stands in its log: once for each request, on both routes, with its cause. */
import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { systemClock } from '../../common/clock.ts';
import { diagnosisInProcess } from '../../gateway/execution/diagnosisSubgraph.ts';
import { type GatewayContext, OWN_CALLER } from '../../gateway/gatewayContext.ts';
import { makeApolloServer } from '../../gateway/http/apolloServer.ts';
import { registerGraphqlRoute } from '../../gateway/http/graphqlRoute.ts';
import { makeApp } from '../../gateway/http/httpApp.ts';
import { makeGatewayMetrics } from '../../gateway/http/metrics.ts';
import { recordOf } from '../../gateway/http/requestRecord.ts';
import { makeOperations } from '../../gateway/queries/operations.ts';
import { makeQueryLimits } from '../../gateway/queries/queryLimits.ts';
import { buildSupergraph, readSupergraph } from '../../gateway/supergraph/load.ts';
import { askBothRoutes } from '../support/bothRoutes.ts';
import { until } from '../support/until.ts';
import { callerToken, DIAGNOSIS_SETTINGS, gatewaysPerTest } from './gateways.ts';
import { sendJson, serversPerTest } from './httpServers.ts';

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly requestId?: string;
  readonly times?: number;
  readonly err?: { readonly message: string };
}

const servers = serversPerTest();
const startGateway = gatewaysPerTest();
const apps: FastifyInstance[] = [];
afterEach(() => Promise.all(apps.splice(0).map((app) => app.close())));

function collectingLog() {
  const lines: Line[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  /** Once so many requests have been noted: what was said of their failures, and their ids. */
  const failures = async (requests: number) => {
    const noted = () => lines.filter(({ msg }) => msg === 'answered' || msg === 'refused');
    await until(() => noted().length === requests);
    const errors = lines.filter(({ level }) => level >= 50);
    return { errors, ids: noted().map(({ requestId }) => requestId) };
  };
  return { log, lines, failures };
}

const CHAT = '{ chatDebugSnapshot(chatId: "cccccccc-0000-4000-8000-000000000001") { chatId } }';

test('what a subgraph does not explain: one line, however many fields it struck', async () => {
  const { log, failures } = collectingLog();
  const database = await servers.serve((response, { method }) => {
    if (method === 'GET') return void response.end('ok');
    const errors = Array.from({ length: 200 }, () => ({ message: 'it broke', path: ['chatDebugSnapshot'] }));
    sendJson(response, 200, { data: { chatDebugSnapshot: null }, errors });
  });
  const gateway = await startGateway(database, { log });
  expect(await askBothRoutes(gateway.url, await callerToken(), { query: CHAT })).toContain('INTERNAL_SERVER_ERROR');
  const { errors, ids } = await failures(2);
  expect(errors.map(({ msg, requestId, times, err }) => [msg, requestId, times, err?.message])).toEqual(
    ids.map((id) => ['masked', id, 200, 'it broke']),
  );
});

test('a defect of the diagnosis: where in the code', async () => {
  const { log, lines } = collectingLog();
  const broken = new Proxy(DIAGNOSIS_SETTINGS, {
    get: () => {
      throw new Error('a defect');
    },
  });
  const ask = diagnosisInProcess(broken, () => async () => undefined, log);
  const representations = [{ __typename: 'ChatDebugSnapshot', chatId: randomUUID(), executionState: 'W' }];
  const query =
    'query ($r: [_Any!]!) { _entities(representations: $r) { ... on ChatDebugSnapshot { diagnosis { verdict } } } }';
  const context = { caller: OWN_CALLER, requestId: 'an id' } as GatewayContext;
  const reply = await ask({ query, variables: { r: representations } }, context);
  expect(reply).toMatchObject({ status: 'OK', body: { errors: [{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }] } });
  const err = { message: 'a defect', stack: expect.stringContaining('subgraphs/diagnosis') };
  expect(lines).toMatchObject([{ msg: 'masked', requestId: 'an id', err }]);
});

test('a query that cannot be planned: refused with its cause in the log, each time that it is sent', async () => {
  const { log, failures } = collectingLog();
  const sdl = readSupergraph(undefined);
  const plan = () => {
    throw new Error('too much for the planner');
  };
  const supergraph = { ...buildSupergraph(sdl), plan };
  const operations = makeOperations({ supergraph, subgraph: () => async () => ({ data: null }), log });
  const limits = makeQueryLimits({ supergraphSdl: sdl, maxCost: 10_000, countReplicas: () => 0 });
  const apollo = makeApolloServer({ supergraph, operations, allowedOperations: undefined, log });
  await apollo.start();
  const app = makeApp(log, systemClock, makeGatewayMetrics(new Registry()));
  apps.push(app);
  registerGraphqlRoute(app, {
    use: (run) => run({ limits, operations, apollo }),
    context: (request, _reply, checked) => ({
      ...{ caller: OWN_CALLER, signal: new AbortController().signal, budget: { leftMs: () => 1_000 }, asked: [] },
      ...{ requestId: request.id, record: recordOf(request), checked },
    }),
    allowedOperations: undefined,
    log,
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  for (const _ of [1, 2]) expect(await askBothRoutes(url, 'any', { query: CHAT })).toContain('INTERNAL_SERVER_ERROR');
  const { errors, ids } = await failures(4);
  expect(errors.map(({ requestId, err }) => [requestId, err?.message])).toEqual(
    ids.map((id) => [id, 'too much for the planner']),
  );
  await apollo.stop();
});
