/** `npm run start:diagnosis`: the diagnosis subgraph as a process of its own. */
import { systemClock } from '../../common/clock.ts';
import { readEnvironment } from '../../common/config.ts';
import { announceReady, failToStart, stopOnSignal } from '../../common/lifecycle.ts';
import { makeLogger } from '../../common/log.ts';
import { subgraphKey } from '../../common/settingsRules.ts';
import { startTracing } from '../../common/tracing.ts';
import { TRUST_SETTINGS, trustOf } from '../authorize.ts';
import { startDiagnosisSubgraph } from './server.ts';
import { DIAGNOSIS_SETTINGS, diagnosisSettings } from './settings.ts';

const NAMES = [
  'DIAGNOSIS_PORT',
  'HOST',
  ...TRUST_SETTINGS,
  ...DIAGNOSIS_SETTINGS,
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'LOG_LEVEL',
] as const;

const log = makeLogger('diagnosis', 'info');
try {
  const settings = readEnvironment(NAMES, [], [subgraphKey]);
  log.level = settings.LOG_LEVEL;
  const endpoint = settings.OTEL_EXPORTER_OTLP_ENDPOINT;
  const tracing = await startTracing({ service: 'diagnosis', endpoint, clock: systemClock, log });
  const server = await startDiagnosisSubgraph({
    ...trustOf(settings),
    settings: diagnosisSettings(settings),
    host: settings.HOST,
    port: settings.DIAGNOSIS_PORT,
    clock: systemClock,
    log,
  });
  stopOnSignal(tracing.around(server), log);
  log.info({ url: server.url }, 'the diagnosis subgraph is up');
  announceReady({ url: server.url });
} catch (error) {
  failToStart(error, log);
}
