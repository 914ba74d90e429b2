/** The gateway over HTTP: one GraphQL endpoint in front of the subgraphs, GraphiQL, and what an operator asks for. */

import { randomUUID } from 'node:crypto';
import fastifyCookie from '@fastify/cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Registry } from 'prom-client';
import type { Clock } from '../common/clock.ts';
import { makeReplicas, type ReplicasOptions } from '../routing/replicas.ts';
import type { DatabaseSubgraph } from '../routing/transport/databaseSubgraph.ts';
import { drainOf } from '../server/drain.ts';
import { goneSignal } from '../server/goneSignal.ts';
import type { RunningServer } from '../server/graphql/serve.ts';
import { guard } from '../server/guard.ts';
import { registerMetrics } from '../server/metrics.ts';
import type { CallerTokenOptions } from '../server/tokens/callerToken.ts';
import { type GatewayContext, OWN_CALLER } from './gatewayContext.ts';
import { allowOrigins } from './http/cors.ts';
import { registerGraphiql } from './http/graphiql.ts';
import { registerGraphqlRoute } from './http/graphqlRoute.ts';
import { registerHealth } from './http/health.ts';
import { makeApp } from './http/httpApp.ts';
import { makeIdentify } from './http/identity.ts';
import { makeGatewayMetrics } from './http/metrics.ts';
import { limitRate } from './http/rateLimit.ts';
import { newRecord, recordOf } from './http/requestRecord.ts';
import { registerSnapshotRoute } from './http/snapshotRoute.ts';
import { refuseUnknownPaths } from './http/strayRequests.ts';
import { makeSuspectGauge, readSuspects } from './http/suspectGauge.ts';
import type { CheckedQuery } from './queries/queryLimits.ts';
import { makeServedSupergraph, type ServedOptions } from './served.ts';
import { openSupergraph } from './supergraph/versions.ts';
import { warmUp } from './warmUp.ts';

export interface GatewayOptions extends ServedOptions, CallerTokenOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** The way to the database subgraph, which may add metrics of its own; closed with the gateway. */
  readonly openDatabase: (registry: Registry) => Promise<DatabaseSubgraph> | DatabaseSubgraph;
  /** Key of the tokens between processes. */
  readonly internalSecret: string;
  /** Origins of other sites whose pages may call. */
  readonly corsOrigins: readonly string[];
  /** Unset: the supergraph that is checked in. */
  readonly supergraphPath?: string | undefined;
  readonly replicas: Pick<ReplicasOptions, 'timeoutMs' | 'hedgeMs' | 'addressAllow' | 'isDisabled' | 'platform'>;
  readonly clock: Clock;
  /** Requests of one caller; 0: no limit. */
  readonly rateLimitPerMinute: number;
}

/** @throws if the port is taken, or SettingsError if the supergraph cannot be read or served */
export async function startGateway(options: GatewayOptions): Promise<RunningServer> {
  const { clock, log, host, port } = options;
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
  const app = makeApp(log, clock, metrics);
  const drain = drainOf(app);
  const supergraph = await openSupergraph({
    ...{ path: options.supergraphPath, registry, clock, log },
    load: async (supergraphSdl) => {
      const served = makeServedSupergraph(options, supergraphSdl, database, replicas);
      await served.apollo.start();
      await warmUp(served);
      return served;
    },
  });
  makeSuspectGauge(registry, {
    read: () => supergraph.use(({ operations }) => readSuspects(operations, ownContext)),
    clock,
    log,
  });
  const ownContext = (): GatewayContext => ({
    ...replicas.newRequest(),
    caller: OWN_CALLER,
    signal: new AbortController().signal,
    requestId: randomUUID(),
    record: newRecord(),
  });

  await app.register(fastifyCookie, { hook: false }); // identity.ts reads the one that it needs
  await app.register(async (scope) => {
    await allowOrigins(scope, options.corsOrigins);
    const callerOf = guard(scope, makeIdentify(options));
    limitRate(scope, { perMinute: options.rateLimitPerMinute, callerOf });
    const context = (request: FastifyRequest, reply: FastifyReply, checked?: CheckedQuery): GatewayContext => {
      const record = recordOf(request);
      const { asked, budget } = replicas.newRequest();
      record.asked = asked;
      const signal = goneSignal(reply);
      return { asked, budget, caller: callerOf(request), signal, requestId: request.id, record, checked };
    };
    registerGraphqlRoute(scope, { use: supergraph.use, context, allowedOperations: options.allowedOperations, log });
    registerSnapshotRoute(scope, { use: supergraph.use, context });
  });
  registerGraphiql(app);
  refuseUnknownPaths(app);
  registerMetrics(app, registry);
  registerHealth(app, { log, database, isDraining: () => drain.hasBegun });
  const url = await app.listen({ host, port });

  const stop = async () => {
    drain.begin();
    await app.close();
    await supergraph.close();
    await Promise.all([database.close(), replicas.close()]);
  };
  let stopped: Promise<void> | undefined;
  return {
    url,
    retire: async () => drain.begin(),
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}
