/** Log lines for what a client of the gateway is not told: once for each request, on both routes, with its cause. */
import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { systemClock } from '../../common/clock.ts';
import { diagnosisInProcess } from '../../gateway/execution/diagnosisSubgraph.ts';
import { makeApolloServer } from '../../gateway/http/apolloServer.ts';
import { makeQueries } from '../../gateway/queries/answer.ts';
import { makePrepareQuery } from '../../gateway/queries/prepare.ts';
import { makeApolloGateway } from '../../gateway/supergraph/apolloGateway.ts';
import { readSupergraph } from '../../gateway/supergraph/file.ts';
import type { RoutingContext } from '../../routing/ask/routingContext.ts';
import { makeApp, type RunningServer } from '../../server/app.ts';
import { registerGraphql } from '../../server/graphql/edge.ts';
import { guard } from '../../server/guard.ts';
import { OWN_CALLER } from '../../server/tokens/internalToken.ts';
import { askBothRoutes } from '../support/bothRoutes.ts';
import { loadSupergraph } from '../support/loadSupergraph.ts';
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
const started: RunningServer[] = [];
afterEach(() => Promise.all(started.splice(0).map((server) => server.stop())));

function collectingLog() {
  const lines: Line[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  /** Once so many requests have been noted: what was said of their failures, and their ids. */
  const failures = async (requests: number) => {
    const noted = () => lines.filter(({ msg }) => msg === 'answered' || msg === 'refused');
    await until('each request is noted', () => noted().length === requests);
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
  const context = { caller: OWN_CALLER, requestId: 'an id' } as RoutingContext;
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
  const supergraph = { ...(await loadSupergraph(sdl)), plan };
  const prepare = makePrepareQuery({ supergraph, subgraph: () => async () => ({ data: null }), onDefect: () => {} });
  const { answer } = makeQueries({
    prepare,
    limitMutations: async () => undefined,
    maxCost: 10_000,
    countReplicas: () => 0,
    log,
  });
  const apollo = makeApolloServer(makeApolloGateway(sdl, log), answer, log);
  await apollo.start();
  const { app, listen } = makeApp({
    ...{ maxBodyBytes: 1_000, givesIds: true, clock: systemClock, log },
    ...{ isNoted: () => true, observe: () => {} },
  });
  guard(app, () => OWN_CALLER);
  registerGraphql<RoutingContext>(app, {
    use: (run) => run({ answer, apollo }),
    newContext: ({ id }) => ({
      ...{ caller: OWN_CALLER, signal: new AbortController().signal, budget: { leftMs: () => 1_000 }, asked: [] },
      requestId: id,
    }),
  });
  const server = await listen({ host: '127.0.0.1', port: 0 }, () => apollo.stop());
  started.push(server);
  const { url } = server;
  for (const _ of [1, 2]) expect(await askBothRoutes(url, 'any', { query: CHAT })).toContain('INTERNAL_SERVER_ERROR');
  const { errors, ids } = await failures(4);
  expect(errors.map(({ requestId, err }) => [requestId, err?.message])).toEqual(
    ids.map((id) => [id, 'too much for the planner']),
  );
});
