/** `npm run start:database`: the database subgraph as a process of its own. */
import { systemClock as clock } from '../../common/clock.ts';
import { readEnvironment } from '../../common/config.ts';
import { PROCESS_SETTINGS, runProcess } from '../../common/runProcess.ts';
import { subgraphKey } from '../../common/settingsRules.ts';
import { THRESHOLD_SETTINGS, thresholdsOf } from '../../common/thresholds.ts';
import { TRUST_SETTINGS, trustOf } from '../authorize.ts';
import { startDatabaseSubgraph } from './server.ts';

const NAMES = [
  'DATABASE_URL',
  'DATABASE_SUBGRAPH_PORT',
  'HOST',
  ...TRUST_SETTINGS,
  ...THRESHOLD_SETTINGS,
  'DATABASE_TIMEOUT_MS',
  ...PROCESS_SETTINGS,
] as const;
const readSettings = () => readEnvironment(NAMES, ['DATABASE_URL'], [subgraphKey]);

await runProcess('database', readSettings, (settings, log) =>
  startDatabaseSubgraph({
    databaseUrl: settings.DATABASE_URL,
    ...trustOf(settings),
    internalSecret: settings.INTERNAL_SECRET, // the router, if there is one, reads the replica table with it
    ...thresholdsOf(settings),
    databaseTimeoutMs: settings.DATABASE_TIMEOUT_MS,
    host: settings.HOST,
    port: settings.DATABASE_SUBGRAPH_PORT,
    clock,
    log,
  }),
);
