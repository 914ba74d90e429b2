/** The recorder as a running server: its loops, and its subgraph. It starts whether database and gateway do or not. */
import { randomUUID } from 'node:crypto';
import { Registry } from 'prom-client';
import type { Clock } from '../../common/clock.ts';
import type { RunningServer } from '../../server/app.ts';
import { authorizeSubgraph, type SubgraphTrust } from '../../server/graphql/authorize.ts';
import { serveSubgraph } from '../../server/graphql/serve.ts';
import type { AdmissionLimits } from '../../server/live/admission.ts';
import type { Logger } from '../../server/log.ts';
import { makeContext, type RecorderContext } from './context.ts';
import { openGateway } from './gateway.ts';
import { Lease } from './lease.ts';
import { makeRecorderMetrics } from './metrics.ts';
import { openPool } from './pool.ts';
import { whyNotReady } from './questions.ts';
import { startRecorder } from './recorder.ts';
import { resolvers } from './resolvers.ts';

export interface RecorderServerOptions extends SubgraphTrust {
  /** Key of the tokens that the gateway is asked with. */
  readonly internalSecret: string;
  /** URL of the database that holds incidents. */
  readonly databaseUrl: string;
  /** Milliseconds that a statement takes at most. */
  readonly databaseTimeoutMs: number;
  /** GraphQL endpoint of the gateway. */
  readonly gatewayUrl: string;
  readonly intervalSeconds: number;
  /** Days for which closed incidents are kept. */
  readonly retentionDays: number;
  /** Limits on the streams that a foreign gateway opens; undefined: subscriptions are refused. */
  readonly streams?: AdmissionLimits;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly clock: Clock;
  readonly log: Logger;
}

const SCHEMA_FILE = new URL('schema.graphql', import.meta.url);

/** @throws if the port is taken */
export async function startRecorderServer(options: RecorderServerOptions): Promise<RunningServer> {
  const { clock, log, host, port, intervalSeconds, retentionDays, streams } = options;
  const pool = openPool({ databaseUrl: options.databaseUrl, timeoutMs: options.databaseTimeoutMs, log });
  const gateway = openGateway(options.gatewayUrl, options.internalSecret);
  const lease = new Lease(pool, randomUUID(), clock);
  const registry = new Registry();
  const metrics = makeRecorderMetrics(registry, () => lease.term !== undefined);
  const recorder = startRecorder({
    ...{ pool, lease, metrics, intervalSeconds, retentionDays, clock, log },
    ask: gateway.ask,
  });
  const close = async () => {
    await Promise.all([recorder.stop(), gateway.close()]); // a round does not wait for its answer
    await pool.end();
  };
  try {
    return await serveSubgraph<RecorderContext>({
      ...{ schemaFile: SCHEMA_FILE, resolvers, registry, clock, log, host, port, close },
      authorize: authorizeSubgraph(options, { audience: 'recorder', clock, log }),
      context: (caller, requestId) => makeContext(pool, caller, requestId),
      live: streams && {
        limits: streams,
        newContext: (caller, requestId) => makeContext(pool, caller, requestId),
      },
      notReady: () => whyNotReady(pool),
      note: () => noteOn(recorder.trouble()),
    });
  } catch (error) {
    await close();
    throw error;
  }
}

const noteOn = (trouble: string | undefined) =>
  trouble && `The last round of the recorder failed (${trouble}); the log says why.`;
