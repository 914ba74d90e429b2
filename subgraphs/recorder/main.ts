/** `npm run start:recorder`: notes incidents of chats, and serves them as a subgraph. */
import { systemClock as clock } from '../../common/clock.ts';
import { graphqlUrl, STANDARD_GATEWAY } from '../../common/gatewayUrl.ts';
import { TRUST_SETTINGS, trustOf } from '../../server/graphql/authorize.ts';
import { STREAM_SETTINGS, streamLimits } from '../../server/live/streamSettings.ts';
import { PROCESS_SETTINGS, runProcess } from '../../server/runProcess.ts';
import { readEnvironment } from '../../server/settings/config.ts';
import { incidentsSomewhere, subgraphKey } from '../../server/settings/settingsRules.ts';
import { startRecorderServer } from './server.ts';

const NAMES = [
  ...(['DATABASE_URL', 'RECORDER_DATABASE_URL', 'DATABASE_TIMEOUT_MS', 'CHAT_DEBUG_URL'] as const),
  ...(['RECORDER_PORT', 'RECORDER_INTERVAL_SECONDS', 'INCIDENT_RETENTION_DAYS', 'HOST'] as const),
  ...STREAM_SETTINGS,
  ...TRUST_SETTINGS,
  ...PROCESS_SETTINGS,
] as const;
const readSettings = () => readEnvironment(NAMES, ['INTERNAL_SECRET'], [subgraphKey, incidentsSomewhere]);

await runProcess('recorder', readSettings, (settings, log) =>
  startRecorderServer({
    streams: streamLimits(settings),
    ...trustOf(settings),
    internalSecret: settings.INTERNAL_SECRET,
    databaseUrl: settings.RECORDER_DATABASE_URL ?? settings.DATABASE_URL ?? '',
    databaseTimeoutMs: settings.DATABASE_TIMEOUT_MS,
    gatewayUrl: graphqlUrl(settings.CHAT_DEBUG_URL ?? STANDARD_GATEWAY),
    intervalSeconds: settings.RECORDER_INTERVAL_SECONDS,
    retentionDays: settings.INCIDENT_RETENTION_DAYS,
    host: settings.HOST,
    port: settings.RECORDER_PORT,
    clock,
    log,
  }),
);
