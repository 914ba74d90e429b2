/** `npm run start:diagnosis`: the diagnosis subgraph as a process of its own. */
import { systemClock as clock } from '../../common/clock.ts';
import { TRUST_SETTINGS, trustOf } from '../../server/graphql/authorize.ts';
import { PROCESS_SETTINGS, runProcess } from '../../server/runProcess.ts';
import { readEnvironment } from '../../server/settings/config.ts';
import { subgraphKey } from '../../server/settings/settingsRules.ts';
import { THRESHOLD_SETTINGS, thresholdsOf } from '../../server/settings/thresholds.ts';
import { startDiagnosisSubgraph } from './server.ts';

const NAMES = ['DIAGNOSIS_PORT', 'HOST', ...TRUST_SETTINGS, ...THRESHOLD_SETTINGS, ...PROCESS_SETTINGS] as const;
const readSettings = () => readEnvironment(NAMES, [], [subgraphKey]);

await runProcess('diagnosis', readSettings, (settings, log) =>
  startDiagnosisSubgraph({
    ...trustOf(settings),
    settings: thresholdsOf(settings),
    host: settings.HOST,
    port: settings.DIAGNOSIS_PORT,
    clock,
    log,
  }),
);
