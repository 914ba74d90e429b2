/** `npm run start:recorder`: notes incidents of chats, and serves them as a subgraph. */
import { systemClock as clock } from '../../common/clock.ts';
import { graphqlUrl } from '../../common/gatewayUrl.ts';
import { TRUST_SETTINGS, trustOf } from '../../server/graphql/authorize.ts';
import { STREAM_SETTINGS, streamLimits } from '../../server/live/streamSettings.ts';
import { PROCESS_SETTINGS, runProcess } from '../../server/runProcess.ts';
import { readEnvironment } from '../../server/settings/config.ts';
import { incidentsSomewhere, subgraphKey, webhookSigned } from '../../server/settings/settingsRules.ts';
import { startRecorderServer } from './server.ts';

const NAMES = [
  ...(['DATABASE_URL', 'RECORDER_DATABASE_URL', 'DATABASE_LISTEN_URL', 'DATABASE_TIMEOUT_MS'] as const),
  ...(['CHAT_DEBUG_URL', 'RECORDER_PORT', 'RECORDER_INTERVAL_SECONDS', 'INCIDENT_RETENTION_DAYS', 'HOST'] as const),
  ...(['ALERTMANAGER_URL', 'ALERT_WEBHOOK_URL', 'ALERT_WEBHOOK_SECRET', 'PUBLIC_URL'] as const),
  ...STREAM_SETTINGS,
  ...TRUST_SETTINGS,
  ...PROCESS_SETTINGS,
] as const;
const RULES = [subgraphKey, incidentsSomewhere, webhookSigned];
const readSettings = () => readEnvironment(NAMES, ['INTERNAL_SECRET', 'CHAT_DEBUG_URL'], RULES);

const webhookOf = (url: string | undefined, secret: string | undefined) =>
  url !== undefined && secret !== undefined ? { url, secret } : undefined;

await runProcess('recorder', readSettings, (settings, log) =>
  startRecorderServer({
    streams: streamLimits(settings),
    ...trustOf(settings),
    internalSecret: settings.INTERNAL_SECRET,
    databaseUrl: settings.RECORDER_DATABASE_URL ?? settings.DATABASE_URL ?? '',
    listenUrl: settings.DATABASE_LISTEN_URL ?? (settings.RECORDER_DATABASE_URL ? undefined : settings.DATABASE_URL),
    databaseTimeoutMs: settings.DATABASE_TIMEOUT_MS,
    gatewayUrl: graphqlUrl(settings.CHAT_DEBUG_URL),
    intervalSeconds: settings.RECORDER_INTERVAL_SECONDS,
    receivers: {
      ...{ alertmanagerUrl: settings.ALERTMANAGER_URL, publicUrl: settings.PUBLIC_URL },
      webhook: webhookOf(settings.ALERT_WEBHOOK_URL, settings.ALERT_WEBHOOK_SECRET),
    },
    retentionDays: settings.INCIDENT_RETENTION_DAYS,
    host: settings.HOST,
    port: settings.RECORDER_PORT,
    clock,
    log,
  }),
);
