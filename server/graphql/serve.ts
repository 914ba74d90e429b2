/** A schema and a context as an HTTP server for other processes of the system, which drains when it is stopped. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Registry } from 'prom-client';
import type { Clock } from '../../common/clock.ts';
import { parseUuid } from '../../common/uuid.ts';
import { makeApp, type RunningServer } from '../app.ts';
import { guard } from '../guard.ts';
import { type Health, registerProbes } from '../health.ts';
import { openSubgraphStreams, type SubgraphLive } from '../live/subgraphLive.ts';
import type { Logger } from '../log.ts';
import { subgraphRequests } from '../metrics.ts';
import type { Caller } from '../tokens/internalToken.ts';
import { makeAnswering, type Subgraph, type WithRequestId } from './answering.ts';
import type { Authorize } from './authorize.ts';
import { registerGraphql } from './edge.ts';

const MAX_BODY_BYTES = 1_048_576;

export interface SubgraphOptions<C extends WithRequestId> extends Subgraph<C>, Health {
  /** Check that comes before anything else of a request. */
  readonly authorize: Authorize;
  /** Makes the context of a request that was let in. */
  readonly context: (caller: Caller, requestId: string, reply: FastifyReply) => C | Promise<C>;
  /** Closes what the subgraph asks, after its last answer. */
  readonly close?: () => Promise<unknown>;
  /** Live views. Undefined: subscriptions are refused. */
  readonly live?: SubgraphLive<C> | undefined;
  /** Adds routes beside `/graphql`, `/livez`, `/readyz` and `/metrics`. @param callerOf caller of a request that was let in */
  readonly routes?: (app: FastifyInstance, callerOf: (request: FastifyRequest) => Caller) => void;
  /** Metrics of this subgraph's own, shown at `/metrics` beside those of its requests. */
  readonly registry?: Registry;
  readonly clock: Clock;
  readonly log: Logger;
  readonly host: string;
  /** Port; 0: any free one. */
  readonly port: number;
}

/** @throws if the port is taken or the schema and the resolvers do not fit */
export async function serveSubgraph<C extends WithRequestId>(options: SubgraphOptions<C>): Promise<RunningServer> {
  const { clock, close, live, log, registry = new Registry() } = options;
  const { app, drain, listen } = makeApp({
    ...{ maxBodyBytes: MAX_BODY_BYTES, givesIds: false, clock, log },
    isNoted: ({ routeOptions }) => routeOptions.url === '/graphql',
    observe: subgraphRequests(registry),
  });
  const whoAsks = guard(app, options.authorize);
  app.addHook('onRequest', (request, _reply, done) => {
    request.id = idOf(request);
    done();
  });
  const answering = makeAnswering(options, log);
  await answering.apollo.start();
  registerGraphql<C>(app, {
    use: (run) => run(answering),
    newContext: (request, reply) => options.context(whoAsks(request), request.id, reply),
    openStream: live && openSubgraphStreams(app, { ...options, answering, live, callerOf: whoAsks, drain, registry }),
  });
  registerProbes(app, { ...options, drain, registry });
  options.routes?.(app, whoAsks);
  return listen(options, async () => {
    await answering.apollo.stop();
    await close?.();
  });
}

/**
 * Id of the client's request that one of the gateway's is part of. The sender that was let in gives it, and every log
 * line has it.
 * One that is no UUID is not taken over.
 */
const idOf = ({ headers }: FastifyRequest): string => parseUuid(headers['x-request-id']) ?? randomUUID();
