/**
 * The replica-routed runtime as one ordinary federation 2 subgraph.
 * A gateway asks one address, and the replicas behind it are found, asked and waited for here.
 */
import { readFileSync } from 'node:fs';
import { parse } from 'graphql';
import type { Clock } from '../../common/clock.ts';
import { makeChatOwners } from '../../routing/owners.ts';
import { type AskedReplicas, makeReplicas } from '../../routing/replicas.ts';
import { readSubgraphRouting } from '../../routing/routedTypes.ts';
import { databaseOverHttp } from '../../routing/transport/databaseSubgraph.ts';
import type { RunningServer } from '../../server/app.ts';
import { goneSignal } from '../../server/goneSignal.ts';
import { authorizeSubgraph, type SubgraphTrust } from '../../server/graphql/authorize.ts';
import { serveSubgraph } from '../../server/graphql/serve.ts';
import type { Logger } from '../../server/log.ts';
import { recordOf } from '../../server/requests.ts';
import { makeCheckAccess } from './chatAccess.ts';
import { type RouterContext, routerResolvers } from './schema.ts';

export interface RouterServerOptions {
  /** Tokens that are taken. Callers that come by themselves may ask only about chats that they may read. */
  readonly trust: SubgraphTrust;
  /** The key of the tokens that replicas and the database subgraph are asked with. */
  readonly internalSecret: string;
  /** The GraphQL endpoint of the database subgraph. */
  readonly databaseSubgraphUrl: string;
  readonly replicas: AskedReplicas;
  /** Milliseconds that the database subgraph waits for the database. */
  readonly databaseTimeoutMs: number;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly clock: Clock;
  readonly log: Logger;
}

const SCHEMA_FILE = new URL('../runtime/schema.graphql', import.meta.url);

/** @throws if the port is taken; not if the database subgraph does not answer */
export async function startRouter(options: RouterServerOptions): Promise<RunningServer> {
  const { clock, databaseTimeoutMs, internalSecret, log, trust } = options;
  const database = databaseOverHttp({ url: options.databaseSubgraphUrl, internalSecret, databaseTimeoutMs });
  const replicas = makeReplicas({ ...options.replicas, database, internalSecret, clock, log });
  const typeDefs = parse(readFileSync(SCHEMA_FILE, 'utf8'), { noLocation: true });
  const routing = readSubgraphRouting(typeDefs);
  const route = replicas.router(routing, trust.callerTokens && makeCheckAccess(makeChatOwners(database, log)));
  return serveSubgraph<RouterContext>({
    schemaFile: SCHEMA_FILE,
    resolvers: routerResolvers(typeDefs, route),
    authorize: authorizeSubgraph(trust, { audience: 'router', clock, log }),
    context: (caller, requestId, reply) => {
      const { asked, budget } = replicas.newRequest();
      recordOf(reply.request).asked = asked;
      return { caller, requestId, signal: goneSignal(reply), errors: [], asked, budget };
    },
    finish: routedErrors,
    notReady: database.notReady,
    note: database.note,
    close: () => Promise.all([replicas.close(), database.close()]),
    ...{ clock, log, host: options.host, port: options.port },
  });
}

/** Errors of fields that are null all the same, or whole all the same: thrown from a resolver they would cost its value. */
const routedErrors = ({ errors }: RouterContext) => errors.map((error) => error.toJSON());
