/** The gateway over HTTP: one GraphQL endpoint in front of the subgraphs, the console, GraphiQL, and pages for operators. */
import { randomUUID } from 'node:crypto';
import fastifyCookie from '@fastify/cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Registry } from 'prom-client';
import type { Clock } from '../common/clock.ts';
import type { RoutingContext } from '../routing/ask/routingContext.ts';
import { type AskedReplicas, makeReplicas } from '../routing/replicas.ts';
import type { DatabaseSubgraph } from '../routing/transport/databaseSubgraph.ts';
import { type OperatorOverHttpOptions, operatorOverHttp } from '../routing/transport/operatorSubgraph.ts';
import { type RecorderOverHttpOptions, recorderOverHttp } from '../routing/transport/recorderSubgraph.ts';
import { VIA_HEADER } from '../routing/transport/transport.ts';
import { makeApp, type RunningServer } from '../server/app.ts';
import { goneSignal } from '../server/goneSignal.ts';
import { registerGraphql } from '../server/graphql/edge.ts';
import { guard } from '../server/guard.ts';
import { isProbe, registerProbes } from '../server/health.ts';
import { makeLive } from '../server/live/live.ts';
import { makeLiveMetrics } from '../server/live/metrics.ts';
import { recordOf } from '../server/requests.ts';
import type { CallerTokenOptions } from '../server/tokens/callerToken.ts';
import { OWN_CALLER } from '../server/tokens/internalToken.ts';
import { noOperator, noRecorder } from './execution/absentSubgraphs.ts';
import { registerLostPage, tellBrowsersApart } from './http/browsers.ts';
import { registerConsole } from './http/console.ts';
import { allowOrigins } from './http/cors.ts';
import { registerGraphiql } from './http/graphiql.ts';
import { makeIdentify } from './http/identity.ts';
import { makeOperationLabel } from './http/knownOperations.ts';
import { makeGatewayMetrics } from './http/metrics.ts';
import { limitRate, makeMutationLimit } from './http/rateLimit.ts';
import { registerSignIn } from './http/signIn.ts';
import { registerSnapshotRoute } from './http/snapshotRoute.ts';
import { makeSuspectGauge, readSuspects } from './http/suspectGauge.ts';
import { MCP_PATH, registerMcp } from './mcp/route.ts';
import { type ServedOptions, serveSupergraph } from './served.ts';
import { openSupergraph } from './supergraph/inUse.ts';

const MAX_BODY_BYTES = 100_000;

export interface GatewayOptions extends Omit<ServedOptions, 'limitMutations'>, CallerTokenOptions {
  readonly host: string;
  /** Port; 0: any free one. */
  readonly port: number;
  /** Opens the way to the database subgraph, which may add metrics of its own. It is closed with the gateway. */
  readonly openDatabase: (registry: Registry) => Promise<DatabaseSubgraph> | DatabaseSubgraph;
  /** The recorder; unset: there is none, and incidents are null. */
  readonly recorder?: RecorderOverHttpOptions | undefined;
  /** The operator; unset: there is none, and actions are refused. */
  readonly operator?: OperatorOverHttpOptions | undefined;
  /** Key of the tokens between processes. */
  readonly internalSecret: string;
  /** Origins of other sites whose pages may call. */
  readonly corsOrigins: readonly string[];
  /** Path of the supergraph; unset: the one that is checked in. */
  readonly supergraphPath?: string | undefined;
  readonly replicas: AskedReplicas;
  readonly clock: Clock;
  /** Requests of one caller in a minute; 0: no limit. */
  readonly rateLimitPerMinute: number;
  /** Actions that one caller may ask for in a minute; 0: no limit. */
  readonly mutationRateLimitPerMinute: number;
  /** Messages of one caller's assistant in a minute; 0: no limit. */
  readonly mcpRateLimitPerMinute: number;
  /** Address of this gateway for people, for links; unset: there are none. */
  readonly publicUrl?: string | undefined;
  /** Open streams of one caller, and in all. */
  readonly streams: { readonly perCaller: number; readonly max: number };
}

/** @throws if the port is taken, or SettingsError if the supergraph cannot be read or served */
export async function startGateway(options: GatewayOptions): Promise<RunningServer> {
  const { clock, log } = options;
  const registry = new Registry();
  const metrics = makeGatewayMetrics(registry);
  const database = await options.openDatabase(registry);
  const replicas = makeReplicas({
    ...options.replicas,
    internalSecret: options.internalSecret,
    database,
    onAsked: metrics.replicaAsked,
    clock,
    log,
  });
  metrics.watch(replicas);
  const recorder = options.recorder ? recorderOverHttp(options.recorder, options.internalSecret) : noRecorder(log);
  const operator = options.operator ? operatorOverHttp(options.operator, options.internalSecret) : noOperator(log);
  const served = { ...options, limitMutations: makeMutationLimit(options.mutationRateLimitPerMinute) };
  const { app, drain, listen } = makeApp({
    ...{ maxBodyBytes: MAX_BODY_BYTES, givesIds: true, clock, log },
    isNoted: (request) => !isProbe(request),
    observe: metrics.requestAnswered,
  });
  const supergraph = await openSupergraph({
    ...{ path: options.supergraphPath, registry, clock, log },
    load: (supergraphSdl) => serveSupergraph(served, supergraphSdl, database, replicas, recorder, operator),
  });
  makeSuspectGauge(registry, {
    read: () => supergraph.use(({ queries }) => readSuspects(queries, ownContext)),
    clock,
    log,
  });
  const ownContext = (): RoutingContext => ({
    ...replicas.newRequest(),
    caller: OWN_CALLER,
    signal: new AbortController().signal,
    requestId: randomUUID(),
  });

  await app.register(fastifyCookie, { hook: false }); // identity.ts reads the one that it needs
  await app.register(async (scope) => {
    await allowOrigins(scope, options.corsOrigins);
    const identify = makeIdentify(options);
    const callerOf = guard(scope, identify);
    const isMcp = ({ routeOptions }: FastifyRequest) => routeOptions.url === MCP_PATH;
    limitRate(scope, { perMinute: options.rateLimitPerMinute, callerOf, isApart: isMcp });
    const newContext = (request: FastifyRequest, reply: FastifyReply): RoutingContext => {
      const { asked, budget } = replicas.newRequest();
      recordOf(request).asked = asked;
      const { [VIA_HEADER]: via } = request.headers;
      const caller = callerOf(request);
      return { asked, budget, caller, signal: goneSignal(reply), requestId: request.id, via: viaOf(via) };
    };
    const live = makeLive<RoutingContext>({
      ...{ callerOf, identify, clock, log },
      read: (question, caller, record) =>
        supergraph.use(async ({ queries }) => queries.watch(question, caller, record)),
      look: (watch, asking) =>
        supergraph.use(({ queries }) => queries.look(watch, { ...replicas.newRequest(), ...asking })),
      limits: { ...options.streams, perMinute: options.rateLimitPerMinute },
      follow: (follower) => database.follow?.(follower, clock),
      metrics: makeLiveMetrics(registry, makeOperationLabel()),
    });
    drain.onBegin(live.drain);
    scope.addHook('preClose', async () => live.close());
    registerGraphql(scope, { use: supergraph.use, newContext, openStream: live.openStream });
    registerSnapshotRoute(scope, { use: supergraph.use, newContext });
    await scope.register(async (ofAssistants) => {
      limitRate(ofAssistants, { perMinute: options.mcpRateLimitPerMinute, callerOf });
      const { corsOrigins, publicUrl, operator: asked } = options;
      registerMcp(ofAssistants, {
        ...{ use: supergraph.use, newContext, corsOrigins, publicUrl, hasOperator: asked !== undefined, log },
      });
    });
  });
  registerSignIn(app, options);
  registerConsole(app);
  tellBrowsersApart(app);
  registerGraphiql(app);
  registerLostPage(app);
  registerProbes(app, {
    ...{ drain, registry, log },
    notReady: () => database.notReady(),
    note: () => database.note?.(),
  });
  return listen(options, async () => {
    await supergraph.close();
    await Promise.all([database.close(), replicas.close(), recorder.close(), operator.close()]);
  });
}

/** Ways that a client may name. Nothing else of what it sends is passed on. */
const viaOf = (header: unknown): string | undefined =>
  ['console', 'terminal', 'mcp'].find((way) => way === String(header).toLowerCase());
