/** A replica as a process: a chat worker, and the runtime subgraph that shows it. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { systemClock as clock } from '../../common/clock.ts';
import { PROCESS_SETTINGS, runProcess } from '../../server/runProcess.ts';
import { readEnvironment } from '../../server/settings/config.ts';
import { startReplica } from './replica.ts';

const NAMES = [
  ...(['DATABASE_URL', 'INTERNAL_SECRET', 'HOST', 'RUNTIME_PORT', 'RELAY_ADDRESS', 'MAX_RUNNERS'] as const),
  ...(['HEARTBEAT_INTERVAL_SECONDS', 'HEARTBEAT_STALE_SECONDS', 'ACQUISITION_INTERVAL_SECONDS'] as const),
  ...(['CLOCK_AHEAD_SECONDS'] as const),
  ...(['REQUIRES_ACTION_TIMEOUT_SECONDS', 'BUFFER_TOTAL_BYTES', 'RETRY_MAX_ATTEMPTS', 'MAX_STEPS'] as const),
  ...(['HISTORY', 'HISTORY_RETENTION_DAYS'] as const),
  ...(['MODEL', 'MODEL_API_KEY', ...PROCESS_SETTINGS] as const),
] as const;
const readSettings = () => readEnvironment(NAMES, ['DATABASE_URL', 'INTERNAL_SECRET']);

await runProcess('replica', readSettings, (settings, log) =>
  startReplica({
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
    maxSteps: settings.MAX_STEPS,
    maxRunners: settings.MAX_RUNNERS,
    bufferTotalBytes: settings.BUFFER_TOTAL_BYTES,
    actionTimeoutSeconds: settings.REQUIRES_ACTION_TIMEOUT_SECONDS,
    heartbeatIntervalSeconds: settings.HEARTBEAT_INTERVAL_SECONDS,
    staleAfterSeconds: settings.HEARTBEAT_STALE_SECONDS,
    clockAheadSeconds: settings.CLOCK_AHEAD_SECONDS,
    acquisitionIntervalSeconds: settings.ACQUISITION_INTERVAL_SECONDS,
    writesEvents: settings.HISTORY === 'on',
    historyRetentionDays: settings.HISTORY_RETENTION_DAYS,
    clock,
    log,
  }),
);
