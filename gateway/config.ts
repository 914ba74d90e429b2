/** The settings of the gateway's process. */

import { REPLICA_SETTINGS } from '../routing/settings.ts';
import { PROCESS_SETTINGS } from '../server/runProcess.ts';
import { readEnvironment, settingsGiven } from '../server/settings/config.ts';
import { callersKey, databaseOfItsOwn } from '../server/settings/settingsRules.ts';
import { PLATFORM_SETTINGS } from '../subgraphs/database/platformSettings.ts';

/** @throws SettingsError naming every bad one */
export const readGatewaySettings = () => ({
  ...readEnvironment(
    [
      'PORT',
      'HOST',
      'SUPERGRAPH_PATH',
      ...REPLICA_SETTINGS,
      'DATABASE_URL',
      'DATABASE_LISTEN_URL',
      'RECORDER_URL',
      'OPERATOR_SUBGRAPH_URL',
      'MAX_COST',
      'RATE_LIMIT_PER_MINUTE',
      'MUTATION_RATE_LIMIT_PER_MINUTE',
      'MCP_RATE_LIMIT_PER_MINUTE',
      'PUBLIC_URL',
      'STREAMS_PER_CALLER',
      'STREAMS_MAX',
      'ALLOWED_OPERATIONS_PATH',
      'AUTH_SECRET',
      'AUTH_JWKS_URL',
      'AUTH_ISSUER',
      'AUTH_AUDIENCE',
      'CORS_ORIGINS',
      ...PLATFORM_SETTINGS,
      'INTERNAL_SECRET',
      ...PROCESS_SETTINGS,
    ],
    ['INTERNAL_SECRET'],
    [callersKey, databaseOfItsOwn],
  ),
  /** Platform settings that are set. */
  given: settingsGiven(PLATFORM_SETTINGS),
});
