/** The database subgraph, a gateway, and replica processes, each behind a proxy to the database if wanted. */
import { randomUUID } from 'node:crypto';
import { systemClock } from '../../../common/clock.ts';
import type { DiagnosisSettings, Severity } from '../../../domain/diagnosis/diagnosis.ts';
import type { FindingCode } from '../../../domain/diagnosis/rules.ts';
import { startGateway } from '../../../gateway/server.ts';
import { signCallerToken } from '../../../local/callerToken.ts';
import { databaseOverHttp } from '../../../routing/transport/databaseSubgraph.ts';
import { makeLogger } from '../../../server/log.ts';
import { environmentWith } from '../../../server/settings/config.ts';
import { READ_ALL } from '../../../server/tokens/internalToken.ts';
import { startDatabaseSubgraph } from '../../../subgraphs/database/server.ts';
import { startChild } from '../../support/childProcess.ts';
import { type PostgresProxy, startPostgresProxy } from '../../support/postgresProxy.ts';

const SECRET = 'a secret of a fleet for tests, long enough';
const TIMEOUT_MS = 20_000;
const TOKEN_SECONDS = 86_400;
/** Chats that the gateway takes at once. */
const MOST_AT_ONCE = 100;

export interface FleetReplica {
  readonly id: string;
  /** Undefined: it has none. It passes through this process, and waits when this process waits. */
  readonly proxy: PostgresProxy | undefined;
  kill(signal: NodeJS.Signals): void;
}

interface Evidence {
  readonly field: string;
  readonly value: string;
}

interface FleetFinding {
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly message: string;
  readonly evidence: readonly Evidence[];
}

export interface FleetDiagnosis {
  readonly verdict: string;
  readonly summary: string;
  readonly consistency: string;
  readonly findings: readonly FleetFinding[];
}

export interface Fleet {
  /** One more; it stops with the fleet, if not before. @param changes to the environment that all have */
  startReplica(changes?: Readonly<Record<string, string>>): Promise<FleetReplica>;
  /** Diagnoses of the chats, in their order; every replica is asked if wanted. */
  diagnose(chatIds: readonly string[], options?: { everywhere?: boolean }): Promise<FleetDiagnosis[]>;
  stop(): Promise<void>;
}

interface FleetOptions {
  readonly databaseUrl: string;
  readonly settings: DiagnosisSettings;
  readonly replicaTimeoutMs?: number;
  readonly proxied: boolean;
}

/** @throws if a part does not start; the other is stopped then */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const closing: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const close of closing.splice(0).reverse()) await close();
  };
  try {
    const { settings, databaseUrl, replicaTimeoutMs = TIMEOUT_MS } = options;
    const shared = { host: '127.0.0.1', port: 0, internalSecret: SECRET, clock: systemClock };
    const log = makeLogger('fleet', 'silent');
    const subgraph = await startDatabaseSubgraph({
      ...{ ...shared, ...settings, databaseUrl, databaseTimeoutMs: TIMEOUT_MS, log },
    });
    closing.push(() => subgraph.stop());
    const gateway = await startGateway({
      ...{ ...shared, log, authSecret: SECRET, corsOrigins: [], maxCost: 1e9, rateLimitPerMinute: 0 },
      mutationRateLimitPerMinute: 0,
      mcpRateLimitPerMinute: 0,
      streams: { perCaller: 1_000, max: 1_000 },
      openDatabase: () =>
        databaseOverHttp({
          ...{ url: `${subgraph.url}/graphql`, internalSecret: SECRET, databaseTimeoutMs: TIMEOUT_MS },
        }),
      diagnosis: settings,
      replicas: { timeoutMs: replicaTimeoutMs, addressAllow: ['127.0.0.0/8', '::1/128'] },
    });
    closing.push(() => gateway.stop());
    const claims = { sub: randomUUID(), roles: [READ_ALL], lifetimeSeconds: TOKEN_SECONDS };
    const token = await signCallerToken(SECRET, { ...claims }, systemClock.now());
    return {
      startReplica: (changes = {}) => startReplica(options, changes, closing),
      diagnose: diagnosing(gateway.url, token),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startReplica(
  { databaseUrl, settings, proxied }: FleetOptions,
  changes: Readonly<Record<string, string>>,
  closing: (() => Promise<unknown>)[],
): Promise<FleetReplica> {
  const proxy = proxied ? await startPostgresProxy(databaseUrl) : undefined;
  if (proxy) closing.push(() => proxy.close());
  const environment = environmentWith({
    ...{
      DATABASE_URL: proxy?.url ?? databaseUrl,
      INTERNAL_SECRET: SECRET,
      MODEL: 'built-in',
      LOG_LEVEL: 'warn',
      NODE_OPTIONS: '',
    },
    RUNTIME_PORT: '0',
    HEARTBEAT_INTERVAL_SECONDS: `${settings.heartbeatIntervalSeconds}`,
    HEARTBEAT_STALE_SECONDS: `${settings.staleAfterSeconds}`,
    ACQUISITION_INTERVAL_SECONDS: `${settings.acquisitionIntervalSeconds}`,
    ...changes,
  });
  const script = new URL('../../../dist/replica.js', import.meta.url);
  const child = startChild({ name: 'replica', script, environment });
  closing.push(() => child.end());
  const { id = '' } = await child.ready;
  return { id, proxy, kill: child.kill };
}

function diagnosing(url: string, token: string): Fleet['diagnose'] {
  const fields = 'verdict summary consistency findings { code severity message evidence { field value } }';
  const query = (field: string) =>
    `query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { diagnosis: ${field} { ${fields} } } }`;
  const ask = async (ids: readonly string[], field: string): Promise<FleetDiagnosis[]> => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query: query(field), variables: { ids } }),
    });
    const { data, errors } = (await response.json()) as Answer;
    return ids.map((_, place) => {
      const diagnosis = data?.chatDebugSnapshots[place]?.diagnosis;
      if (!diagnosis) throw new Error(`No diagnosis: ${JSON.stringify(errors)}`);
      return diagnosis;
    });
  };
  return async (chatIds, { everywhere = false } = {}) => {
    const found: FleetDiagnosis[] = [];
    for (let place = 0; place < chatIds.length; place += MOST_AT_ONCE) {
      const ids = chatIds.slice(place, place + MOST_AT_ONCE);
      found.push(...(await ask(ids, everywhere ? 'diagnosisEverywhere' : 'diagnosis')));
    }
    return found;
  };
}

interface Answer {
  data?: { chatDebugSnapshots: ({ diagnosis: FleetDiagnosis | null } | null)[] };
  errors?: unknown[];
}
