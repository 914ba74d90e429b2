/** The recorder as a running server: its loops, and its subgraph. It starts whether database and gateway do or not. */
import { randomUUID } from 'node:crypto';
import { Registry } from 'prom-client';
import type { Clock } from '../../common/clock.ts';
import type { RunningServer } from '../../server/app.ts';
import { openPool } from '../../server/databasePool.ts';
import { authorizeSubgraph, type SubgraphTrust } from '../../server/graphql/authorize.ts';
import { serveSubgraph } from '../../server/graphql/serve.ts';
import type { AdmissionLimits } from '../../server/live/admission.ts';
import type { Logger } from '../../server/log.ts';
import { type Receivers, startAlerting } from './alerts/alerting.ts';
import { hearChanges } from './changes.ts';
import { type RecorderContext, recorderContext } from './context.ts';
import { openRecorderGateway } from './gateway.ts';
import { Lease } from './lease.ts';
import { makeRecorderMetrics } from './metrics.ts';
import { whyNotReadable } from './questions.ts';
import { startRecorder } from './recorder.ts';
import { resolvers } from './resolvers.ts';

export interface RecorderServerOptions extends SubgraphTrust {
  /** Key of the tokens that the gateway is asked with. */
  readonly internalSecret: string;
  /** URL of the database that holds incidents. */
  readonly databaseUrl: string;
  /** Milliseconds that a statement takes at most. */
  readonly databaseTimeoutMs: number;
  /** URL of a direct session to the database of chats, which tells of changes. Unset: there is none. */
  readonly listenUrl?: string | undefined;
  /** GraphQL endpoint of the gateway. */
  readonly gatewayUrl: string;
  readonly intervalSeconds: number;
  /** Days for which closed incidents are kept. */
  readonly retentionDays: number;
  /** Receivers of alerts. Unset: nobody is told. */
  readonly receivers?: Receivers;
  /** Limits on the streams that a foreign gateway opens; undefined: subscriptions are refused. */
  readonly streams?: AdmissionLimits;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Connections of rounds, which do one thing at a time, and of readers. */
const MOST_CONNECTIONS = 5;
const SCHEMA_FILE = new URL('schema.graphql', import.meta.url);

/** @throws if the port is taken */
export async function startRecorderServer(options: RecorderServerOptions): Promise<RunningServer> {
  const { clock, log, host, port, intervalSeconds, retentionDays, streams } = options;
  const database = {
    name: 'chat-debug-recorder',
    databaseUrl: options.databaseUrl,
    timeoutMs: options.databaseTimeoutMs,
    log,
  };
  const pool = openPool({ ...database, connections: MOST_CONNECTIONS });
  const ofLease = openPool({ ...database, connections: 1 }); // its own, however many read
  const gateway = openRecorderGateway(options.gatewayUrl, options.internalSecret);
  const lease = new Lease(ofLease, randomUUID(), clock);
  const registry = new Registry();
  const isActive = () => lease.term !== undefined;
  const metrics = makeRecorderMetrics(registry, { isActive, isListening: () => changes.whyNotHeard() === undefined });
  const { receivers = {} } = options;
  const isNoting = () => recorder.roundTrouble() === undefined;
  const alerting = startAlerting({ ...receivers, pool, lease, metrics, isNoting, clock, log });
  const recorder = startRecorder({
    ...{ pool, lease, metrics, alerting, intervalSeconds, retentionDays, clock, log },
    tellsWebhook: receivers.webhook !== undefined,
    ask: gateway.ask,
  });
  const changes = hearChanges({ listenUrl: options.listenUrl, onChange: recorder.wake, clock, log });
  const close = async () => {
    await Promise.all([changes.stop(), recorder.stop(), gateway.close()]); // a round does not wait for its answer
    await Promise.all([pool.end(), ofLease.end()]);
  };
  try {
    return await serveSubgraph<RecorderContext>({
      ...{ schemaFile: SCHEMA_FILE, resolvers, registry, clock, log, host, port, close },
      authorize: authorizeSubgraph(options, { audience: 'recorder', clock, log }),
      context: (caller, requestId) => recorderContext({ pool, log }, caller, requestId),
      live: streams && {
        limits: streams,
        newContext: (caller, requestId) => recorderContext({ pool, log }, caller, requestId),
      },
      notReady: async () => (await whyNotReadable(pool)) ?? said(recorder.leaseTrouble(), NO_LEASE),
      note: () => notes(said(recorder.roundTrouble(), NO_ROUND), alerting.trouble(), changes.whyNotHeard()),
    });
  } catch (error) {
    await close();
    throw error;
  }
}

const NO_LEASE = 'No incident is noted: the lease of the active recorder cannot be kept';
const NO_ROUND = 'The last round of the recorder failed';

/** Lines that are there, one below the other. */
const notes = (...lines: readonly (string | undefined)[]) =>
  lines.filter((line) => line !== undefined).join('\n') || undefined;

/** Line for a probe; undefined without trouble. */
const said = (trouble: string | undefined, what: string) =>
  trouble === undefined ? undefined : `${what} ${trouble} The log says more.`;
