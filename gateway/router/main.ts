/** `npm run start:router`: the replicas behind one address, as a subgraph for any federation 2 gateway. */
import { systemClock } from '../../common/clock.ts';
import { readEnvironment } from '../../common/config.ts';
import { announceReady, failToStart, stopOnSignal } from '../../common/lifecycle.ts';
import { makeLogger } from '../../common/log.ts';
import { callersKey, type SettingsRule } from '../../common/settingsRules.ts';
import { startTracing } from '../../common/tracing.ts';
import { TRUST_SETTINGS, trustOf } from '../../subgraphs/authorize.ts';
import { startRouter } from './server.ts';

const NAMES = [
  'ROUTER_PORT',
  'HOST',
  'DATABASE_SUBGRAPH_URL',
  ...TRUST_SETTINGS,
  'REPLICA_TIMEOUT_MS',
  'REPLICA_HEDGE_MS',
  'REPLICA_ADDRESS_ALLOW',
  'CHAT_WORKER_DISABLED',
  'DATABASE_TIMEOUT_MS',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'LOG_LEVEL',
] as const;

/** Without callers' own tokens, nothing is checked but those over INTERNAL_SECRET. */
const callersKeyIfNeeded: SettingsRule = (values, bad) =>
  values.SUBGRAPH_AUTH === 'caller' ? callersKey(values, bad) : undefined;

const log = makeLogger('router', 'info');
try {
  const settings = readEnvironment(NAMES, ['INTERNAL_SECRET'], [callersKeyIfNeeded]);
  log.level = settings.LOG_LEVEL;
  const endpoint = settings.OTEL_EXPORTER_OTLP_ENDPOINT;
  const tracing = await startTracing({ service: 'router', endpoint, clock: systemClock, log });
  const server = await startRouter({
    trust: trustOf(settings),
    internalSecret: settings.INTERNAL_SECRET,
    databaseSubgraphUrl: settings.DATABASE_SUBGRAPH_URL,
    replicas: {
      timeoutMs: settings.REPLICA_TIMEOUT_MS,
      hedgeMs: settings.REPLICA_HEDGE_MS,
      addressAllow: settings.REPLICA_ADDRESS_ALLOW,
      isDisabled: settings.CHAT_WORKER_DISABLED,
    },
    databaseTimeoutMs: settings.DATABASE_TIMEOUT_MS,
    host: settings.HOST,
    port: settings.ROUTER_PORT,
    clock: systemClock,
    log,
  });
  stopOnSignal(tracing.around(server), log);
  log.info({ url: server.url }, 'the router is up');
  announceReady({ url: server.url });
} catch (error) {
  failToStart(error, log);
}
