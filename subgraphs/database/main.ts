/** `npm run start:database`: the database subgraph as a process of its own. */
import { systemClock as clock } from '../../common/clock.ts';
import { TRUST_SETTINGS, trustOf } from '../../server/graphql/authorize.ts';
import { STREAM_SETTINGS, streamLimits } from '../../server/live/streamSettings.ts';
import { PROCESS_SETTINGS, runProcess } from '../../server/runProcess.ts';
import { readEnvironment, settingsGiven } from '../../server/settings/config.ts';
import { subgraphKey } from '../../server/settings/settingsRules.ts';
import { PLATFORM_SETTINGS, platformSettings } from './platformSettings.ts';
import { startDatabaseSubgraph } from './server.ts';

const NAMES = [
  'DATABASE_URL',
  'DATABASE_LISTEN_URL',
  ...STREAM_SETTINGS,
  'DATABASE_SUBGRAPH_PORT',
  'HOST',
  ...TRUST_SETTINGS,
  ...PLATFORM_SETTINGS,
  'DATABASE_TIMEOUT_MS',
  ...PROCESS_SETTINGS,
] as const;
const readSettings = () => readEnvironment(NAMES, ['DATABASE_URL'], [subgraphKey]);

await runProcess('database', readSettings, (settings, log) =>
  startDatabaseSubgraph({
    databaseUrl: settings.DATABASE_URL,
    listenUrl: settings.DATABASE_LISTEN_URL,
    streams: streamLimits(settings),
    ...trustOf(settings),
    internalSecret: settings.INTERNAL_SECRET, // the router, if there is one, reads the replica table with it
    ...platformSettings(settings, settingsGiven(PLATFORM_SETTINGS)),
    databaseTimeoutMs: settings.DATABASE_TIMEOUT_MS,
    host: settings.HOST,
    port: settings.DATABASE_SUBGRAPH_PORT,
    clock,
    log,
  }),
);
