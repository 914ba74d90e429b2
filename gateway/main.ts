/** The gateway as a process of its own. */
import { systemClock as clock } from '../common/clock.ts';
import { runProcess } from '../common/runProcess.ts';
import { diagnosisSettings } from '../subgraphs/diagnosis/settings.ts';
import { readGatewaySettings, replicaSettings } from './config.ts';
import { readAllowedOperations } from './limits/allowedOperations.ts';
import { startGateway } from './server.ts';

await runProcess('gateway', readGatewaySettings, async (settings, log) =>
  startGateway({
    host: settings.HOST,
    port: settings.PORT,
    databaseSubgraphUrl: settings.DATABASE_SUBGRAPH_URL,
    supergraphPath: settings.SUPERGRAPH_PATH,
    replicas: replicaSettings(settings),
    databaseTimeoutMs: settings.DATABASE_TIMEOUT_MS,
    diagnosis: diagnosisSettings(settings),
    authSecret: settings.AUTH_SECRET,
    authJwksUrl: settings.AUTH_JWKS_URL,
    authIssuer: settings.AUTH_ISSUER,
    authAudience: settings.AUTH_AUDIENCE,
    corsOrigins: settings.CORS_ORIGINS,
    maxCost: settings.MAX_COST,
    rateLimitPerMinute: settings.RATE_LIMIT_PER_MINUTE,
    allowedOperations: settings.ALLOWED_OPERATIONS_PATH
      ? readAllowedOperations(settings.ALLOWED_OPERATIONS_PATH)
      : undefined,
    internalSecret: settings.INTERNAL_SECRET,
    clock,
    log,
  }),
);
