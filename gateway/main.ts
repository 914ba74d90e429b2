/** The gateway as a process of its own. */
import { systemClock as clock } from '../common/clock.ts';
import { replicaSettings } from '../routing/settings.ts';
import { databaseInProcess, databaseOverHttp } from '../routing/transport/databaseSubgraph.ts';
import type { Logger } from '../server/log.ts';
import { runProcess } from '../server/runProcess.ts';
import { IN_PROCESS } from '../server/settings/settingForms.ts';
import { thresholdsOf } from '../server/settings/thresholds.ts';
import { platformSettings } from '../subgraphs/database/platformSettings.ts';
import { readGatewaySettings } from './config.ts';
import { limitHeapGrowth } from './heapGrowth.ts';
import { readAllowedOperations } from './queries/allowedOperations.ts';
import { type GatewayOptions, startGateway } from './server.ts';

/**
 * Opens the way to the database subgraph: over HTTP, or in this process. Prisma and the schema are loaded only for the
 * latter.
 */
function databaseOf(settings: ReturnType<typeof readGatewaySettings>, log: Logger): GatewayOptions['openDatabase'] {
  const { DATABASE_SUBGRAPH_URL: url, DATABASE_URL: databaseUrl, DATABASE_TIMEOUT_MS: databaseTimeoutMs } = settings;
  if (url !== IN_PROCESS || databaseUrl === undefined) {
    return () => databaseOverHttp({ url, internalSecret: settings.INTERNAL_SECRET, databaseTimeoutMs });
  }
  return async (registry) => {
    const { openDatabase } = await import('../subgraphs/database/open.ts');
    const options = {
      ...{ databaseUrl, databaseTimeoutMs, listenUrl: settings.DATABASE_LISTEN_URL, clock, log },
      ...platformSettings(settings, settings.given),
    };
    return databaseInProcess(openDatabase(options, registry), options);
  };
}

limitHeapGrowth();

await runProcess('gateway', readGatewaySettings, async (settings, log) =>
  startGateway({
    host: settings.HOST,
    port: settings.PORT,
    openDatabase: databaseOf(settings, log),
    recorder: settings.RECORDER_URL
      ? { url: settings.RECORDER_URL, databaseTimeoutMs: settings.DATABASE_TIMEOUT_MS }
      : undefined,
    operator: settings.OPERATOR_SUBGRAPH_URL
      ? { url: settings.OPERATOR_SUBGRAPH_URL, databaseTimeoutMs: settings.DATABASE_TIMEOUT_MS }
      : undefined,
    supergraphPath: settings.SUPERGRAPH_PATH,
    replicas: replicaSettings(settings),
    diagnosis: thresholdsOf(settings),
    authSecret: settings.AUTH_SECRET,
    authJwksUrl: settings.AUTH_JWKS_URL,
    authIssuer: settings.AUTH_ISSUER,
    authAudience: settings.AUTH_AUDIENCE,
    corsOrigins: settings.CORS_ORIGINS,
    maxCost: settings.MAX_COST,
    rateLimitPerMinute: settings.RATE_LIMIT_PER_MINUTE,
    mutationRateLimitPerMinute: settings.MUTATION_RATE_LIMIT_PER_MINUTE,
    mcpRateLimitPerMinute: settings.MCP_RATE_LIMIT_PER_MINUTE,
    publicUrl: settings.PUBLIC_URL,
    streams: { perCaller: settings.STREAMS_PER_CALLER, max: settings.STREAMS_MAX },
    allowedOperations: settings.ALLOWED_OPERATIONS_PATH
      ? readAllowedOperations(settings.ALLOWED_OPERATIONS_PATH)
      : undefined,
    internalSecret: settings.INTERNAL_SECRET,
    clock,
    log,
  }),
);
