/** `npm run start:diagnosis`: the diagnosis subgraph as a process of its own. */
import { systemClock as clock } from '../../common/clock.ts';
import { readEnvironment } from '../../common/config.ts';
import { PROCESS_SETTINGS, runProcess } from '../../common/runProcess.ts';
import { subgraphKey } from '../../common/settingsRules.ts';
import { TRUST_SETTINGS, trustOf } from '../authorize.ts';
import { startDiagnosisSubgraph } from './server.ts';
import { DIAGNOSIS_SETTINGS, diagnosisSettings } from './settings.ts';

const NAMES = ['DIAGNOSIS_PORT', 'HOST', ...TRUST_SETTINGS, ...DIAGNOSIS_SETTINGS, ...PROCESS_SETTINGS] as const;
const readSettings = () => readEnvironment(NAMES, [], [subgraphKey]);

await runProcess('diagnosis', readSettings, (settings, log) =>
  startDiagnosisSubgraph({
    ...trustOf(settings),
    settings: diagnosisSettings(settings),
    host: settings.HOST,
    port: settings.DIAGNOSIS_PORT,
    clock,
    log,
  }),
);
