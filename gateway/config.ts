/** The settings of the gateway's process and of the router's. */
import { readEnvironment, settingsGiven } from '../common/config.ts';
import { PROCESS_SETTINGS } from '../common/runProcess.ts';
import type { Settings } from '../common/settings.ts';
import { callersKey, databaseElsewhere, databaseOfItsOwn, subgraphKey } from '../common/settingsRules.ts';
import { TRUST_SETTINGS } from '../subgraphs/authorize.ts';
import { PLATFORM_SETTINGS } from '../subgraphs/database/platformSettings.ts';

/** How replicas are asked, and where the database subgraph is, which knows them. */
const REPLICA_SETTINGS = [
  'REPLICA_TIMEOUT_MS',
  'REPLICA_HEDGE_MS',
  'REPLICA_ADDRESS_ALLOW',
  'CHAT_WORKER_DISABLED',
  'PLATFORM',
  'DATABASE_SUBGRAPH_URL',
  'DATABASE_TIMEOUT_MS',
] as const;

/** @throws SettingsError naming every bad one */
export const readGatewaySettings = () => ({
  ...readEnvironment(
    [
      'PORT',
      'HOST',
      'SUPERGRAPH_PATH',
      ...REPLICA_SETTINGS,
      'DATABASE_URL',
      'MAX_COST',
      'RATE_LIMIT_PER_MINUTE',
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
  /** Those of the platform that are set. */
  given: settingsGiven(PLATFORM_SETTINGS),
});

/** @throws SettingsError naming every bad one */
export const readRouterSettings = () =>
  readEnvironment(
    ['ROUTER_PORT', 'HOST', ...TRUST_SETTINGS, ...REPLICA_SETTINGS, ...PROCESS_SETTINGS],
    ['INTERNAL_SECRET'],
    [subgraphKey, databaseElsewhere],
  );

export const replicaSettings = (settings: Settings<(typeof REPLICA_SETTINGS)[number]>) => ({
  timeoutMs: settings.REPLICA_TIMEOUT_MS,
  hedgeMs: settings.REPLICA_HEDGE_MS,
  addressAllow: settings.REPLICA_ADDRESS_ALLOW,
  isDisabled: settings.CHAT_WORKER_DISABLED,
  platform: settings.PLATFORM,
});
