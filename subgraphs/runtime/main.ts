/** One replica: a chat worker, and the runtime subgraph that looks into it. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { systemClock } from '../../common/clock.ts';
import { readEnvironment } from '../../common/config.ts';
import { announceReady, failToStart, stopOnSignal } from '../../common/lifecycle.ts';
import { makeLogger } from '../../common/log.ts';
import { startTracing } from '../../common/tracing.ts';
import { startReplica } from './replica.ts';

const log = makeLogger('replica', 'info');
try {
  const settings = readEnvironment(
    [
      ...(['DATABASE_URL', 'INTERNAL_SECRET', 'HOST', 'RUNTIME_PORT', 'RELAY_ADDRESS', 'MAX_RUNNERS'] as const),
      ...(['HEARTBEAT_INTERVAL_SECONDS', 'HEARTBEAT_STALE_SECONDS', 'ACQUISITION_INTERVAL_SECONDS'] as const),
      ...([
        'REQUIRES_ACTION_TIMEOUT_SECONDS',
        'BUFFER_TOTAL_BYTES',
        'RETRY_MAX_ATTEMPTS',
        'MODEL',
        'MODEL_API_KEY',
        'OTEL_EXPORTER_OTLP_ENDPOINT',
        'LOG_LEVEL',
      ] as const),
    ],
    ['DATABASE_URL', 'INTERNAL_SECRET'],
  );
  log.level = settings.LOG_LEVEL;
  const endpoint = settings.OTEL_EXPORTER_OTLP_ENDPOINT;
  const tracing = await startTracing({ service: 'replica', endpoint, clock: systemClock, log });
  const replica = await startReplica({
    workerId: randomUUID(),
    hostname: hostname(),
    databaseUrl: settings.DATABASE_URL,
    internalSecret: settings.INTERNAL_SECRET,
    host: settings.HOST,
    port: settings.RUNTIME_PORT,
    relayAddress: settings.RELAY_ADDRESS,
    model: settings.MODEL,
    modelApiKey: settings.MODEL_API_KEY,
    maxAttempts: settings.RETRY_MAX_ATTEMPTS,
    maxRunners: settings.MAX_RUNNERS,
    bufferTotalBytes: settings.BUFFER_TOTAL_BYTES,
    actionTimeoutSeconds: settings.REQUIRES_ACTION_TIMEOUT_SECONDS,
    heartbeatIntervalSeconds: settings.HEARTBEAT_INTERVAL_SECONDS,
    staleAfterSeconds: settings.HEARTBEAT_STALE_SECONDS,
    acquisitionIntervalSeconds: settings.ACQUISITION_INTERVAL_SECONDS,
    clock: systemClock,
    log,
  });
  stopOnSignal(tracing.around(replica), log);
  announceReady({ url: replica.url, id: replica.workerId });
} catch (error) {
  failToStart(error, log);
}
