/** The database subgraph as a running server. It needs SELECT and nothing more, and starts whether the database does or not. */
import type { ApolloServerPlugin } from '@apollo/server';
import type { FastifyRequest } from 'fastify';
import { Registry } from 'prom-client';
import type { Clock } from '../../common/clock.ts';
import type { Caller } from '../../common/internalToken.ts';
import type { Logger } from '../../common/log.ts';
import { authorizeSubgraph, type SubgraphTrust } from '../authorize.ts';
import { isErrorCode } from '../errors.ts';
import { acceptRequestId } from '../requests.ts';
import { type RunningServer, serveSubgraph } from '../serve.ts';
import { readableBy } from './access.ts';
import { connectDatabase } from './client.ts';
import type { DatabaseContext } from './context.ts';
import { makeLoaders } from './loaders.ts';
import { makeReadingMetrics } from './metrics.ts';
import { Reading } from './reading.ts';
import { ReplicaMemory } from './replicaMemory.ts';
import { resolvers } from './resolvers.ts';

export interface DatabaseSubgraphOptions extends SubgraphTrust {
  readonly databaseUrl: string;
  /** A lease or a replica row older than this is lost. */
  readonly staleAfterSeconds: number;
  /** A runnable chat that has not changed for this long is suspect. */
  readonly noProgressSeconds: number;
  /** How long one operation waits for the database. */
  readonly databaseTimeoutMs: number;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly clock: Clock;
  readonly log: Logger;
}

const SCHEMA_FILE = new URL('schema.graphql', import.meta.url);

/** @throws if the port is taken; not if the database is down */
export async function startDatabaseSubgraph(options: DatabaseSubgraphOptions): Promise<RunningServer> {
  const { clock, log, databaseTimeoutMs: timeoutMs } = options;
  const database = connectDatabase({ url: options.databaseUrl, timeoutMs, log });
  const registry = new Registry();
  const metrics = makeReadingMetrics(registry);
  const openReading = (requestLog: Logger) =>
    new Reading({ prisma: database.prisma, timeoutMs, clock, metrics, log: requestLog });
  const server = await serveSubgraph<DatabaseContext, Caller>({
    schemaFile: SCHEMA_FILE,
    resolvers,
    authorize: authorizeSubgraph(options, { audience: 'database', clock, log }),
    context: makeContext(options, openReading),
    plugins: [closeReadings, logDefects],
    notReady: () => whyNotReady(openReading(log)),
    registry,
    clock,
    log,
    host: options.host,
    port: options.port,
  });
  let stopped: Promise<void> | undefined;
  return {
    url: server.url,
    retire: server.retire,
    stop: () => {
      stopped ??= server.stop().then(database.close);
      return stopped;
    },
  };
}

function makeContext(options: DatabaseSubgraphOptions, openReading: (requestLog: Logger) => Reading) {
  const { log: serverLog, staleAfterSeconds, noProgressSeconds } = options;
  const replicaMemory = new ReplicaMemory();
  return async (caller: Caller, request: FastifyRequest): Promise<DatabaseContext> => {
    const log = serverLog.child({ requestId: acceptRequestId(request) });
    const reading = openReading(log); // closed by the plugin below; nothing is opened before the first question
    const loaders = makeLoaders(reading, { staleAfterSeconds });
    const readable = readableBy(caller);
    return { caller, log, readable, reading, loaders, replicaMemory, staleAfterSeconds, noProgressSeconds };
  };
}

/** The answer does not wait for the end of the transaction: after a time limit that may be a while. */
const closeReadings: ApolloServerPlugin<DatabaseContext> = {
  requestDidStart: async () => ({
    willSendResponse: async ({ contextValue }) => {
      void contextValue.reading.close();
    },
  }),
};

/** What went wrong in a field and is no error for clients: they are told that it happened, and the log what it was. */
const logDefects: ApolloServerPlugin<DatabaseContext> = {
  requestDidStart: async ({ contextValue: { log } }) => ({
    didEncounterErrors: async ({ errors }) => {
      for (const { message, path, extensions } of errors) {
        if (path && !isErrorCode(extensions.code)) log.error({ path, reason: message }, 'a field failed');
      }
    },
  }),
};

async function whyNotReady(reading: Reading): Promise<string | undefined> {
  try {
    await reading.moment();
    return undefined;
  } catch {
    return 'The database does not answer.';
  } finally {
    void reading.close();
  }
}
