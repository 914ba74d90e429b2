/** `npm run start:database`: the database subgraph as a process of its own. */
import { systemClock } from '../../common/clock.ts';
import { readEnvironment } from '../../common/config.ts';
import { announceReady, failToStart, stopOnSignal } from '../../common/lifecycle.ts';
import { makeLogger } from '../../common/log.ts';
import { subgraphKey } from '../../common/settingsRules.ts';
import { startTracing } from '../../common/tracing.ts';
import { TRUST_SETTINGS, trustOf } from '../authorize.ts';
import { startDatabaseSubgraph } from './server.ts';

const NAMES = [
  'DATABASE_URL',
  'DATABASE_SUBGRAPH_PORT',
  'HOST',
  ...TRUST_SETTINGS,
  'HEARTBEAT_STALE_SECONDS',
  'NO_PROGRESS_SECONDS',
  'DATABASE_TIMEOUT_MS',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'LOG_LEVEL',
] as const;

const log = makeLogger('database', 'info');
try {
  const settings = readEnvironment(NAMES, ['DATABASE_URL'], [subgraphKey]);
  log.level = settings.LOG_LEVEL;
  const endpoint = settings.OTEL_EXPORTER_OTLP_ENDPOINT;
  const tracing = await startTracing({ service: 'database', endpoint, clock: systemClock, log });
  const server = await startDatabaseSubgraph({
    databaseUrl: settings.DATABASE_URL,
    ...trustOf(settings),
    internalSecret: settings.INTERNAL_SECRET, // the router, if there is one, reads the replica table with it
    staleAfterSeconds: settings.HEARTBEAT_STALE_SECONDS,
    noProgressSeconds: settings.NO_PROGRESS_SECONDS,
    databaseTimeoutMs: settings.DATABASE_TIMEOUT_MS,
    host: settings.HOST,
    port: settings.DATABASE_SUBGRAPH_PORT,
    clock: systemClock,
    log,
  });
  stopOnSignal(tracing.around(server), log);
  log.info({ url: server.url }, 'the database subgraph is up');
  announceReady({ url: server.url });
} catch (error) {
  failToStart(error, log);
}
