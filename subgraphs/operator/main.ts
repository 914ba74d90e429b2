/** `npm run start:operator`: takes actions on chats and replicas, and records them. */
import { systemClock as clock } from '../../common/clock.ts';
import { graphqlUrl } from '../../common/gatewayUrl.ts';
import { TRUST_SETTINGS, trustOf } from '../../server/graphql/authorize.ts';
import { PROCESS_SETTINGS, runProcess } from '../../server/runProcess.ts';
import { readEnvironment } from '../../server/settings/config.ts';
import { subgraphKey } from '../../server/settings/settingsRules.ts';
import { startOperatorServer } from './server.ts';

const NAMES = [
  ...([
    'DATABASE_URL',
    'CHAT_DEBUG_URL',
    'DATABASE_TIMEOUT_MS',
    'OPERATOR_PORT',
    'ACTIONS_RETENTION_DAYS',
    'HOST',
  ] as const),
  ...TRUST_SETTINGS,
  ...PROCESS_SETTINGS,
] as const;
const readSettings = () => readEnvironment(NAMES, ['DATABASE_URL', 'INTERNAL_SECRET', 'CHAT_DEBUG_URL'], [subgraphKey]);

await runProcess('operator', readSettings, (settings, log) =>
  startOperatorServer({
    ...trustOf(settings),
    offerSecret: settings.INTERNAL_SECRET,
    databaseUrl: settings.DATABASE_URL,
    gatewayUrl: graphqlUrl(settings.CHAT_DEBUG_URL),
    databaseTimeoutMs: settings.DATABASE_TIMEOUT_MS,
    retentionDays: settings.ACTIONS_RETENTION_DAYS,
    host: settings.HOST,
    port: settings.OPERATOR_PORT,
    clock,
    log,
  }),
);
