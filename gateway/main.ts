/** The gateway as a process of its own. */
import { systemClock } from '../common/clock.ts';
import { announceReady, failToStart, stopOnSignal } from '../common/lifecycle.ts';
import { makeLogger } from '../common/log.ts';
import { startTracing } from '../common/tracing.ts';
import { diagnosisSettings } from '../subgraphs/diagnosis/settings.ts';
import { readGatewaySettings } from './config.ts';
import { readAllowedOperations } from './limits/allowedOperations.ts';
import { startGateway } from './server.ts';

try {
  const settings = readGatewaySettings();
  const log = makeLogger('gateway', settings.LOG_LEVEL);
  const endpoint = settings.OTEL_EXPORTER_OTLP_ENDPOINT;
  const tracing = await startTracing({ service: 'gateway', endpoint, clock: systemClock, log });
  const server = await startGateway({
    host: settings.HOST,
    port: settings.PORT,
    databaseSubgraphUrl: settings.DATABASE_SUBGRAPH_URL,
    supergraphPath: settings.SUPERGRAPH_PATH,
    replicas: {
      timeoutMs: settings.REPLICA_TIMEOUT_MS,
      hedgeMs: settings.REPLICA_HEDGE_MS,
      addressAllow: settings.REPLICA_ADDRESS_ALLOW,
      isDisabled: settings.CHAT_WORKER_DISABLED,
    },
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
    clock: systemClock,
    log,
  });
  stopOnSignal(tracing.around(server), log);
  log.info({ url: server.url }, 'listening');
  announceReady({ url: server.url });
} catch (error) {
  failToStart(error, makeLogger('gateway', 'info'));
}
