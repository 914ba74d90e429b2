/** The settings of the gateway's process. */
import { readEnvironment } from '../common/config.ts';
import { callersKey } from '../common/settingsRules.ts';
import { DIAGNOSIS_SETTINGS } from '../subgraphs/diagnosis/settings.ts';

/** @throws SettingsError naming every bad one */
export const readGatewaySettings = () =>
  readEnvironment(
    [
      'PORT',
      'HOST',
      'DATABASE_SUBGRAPH_URL',
      'SUPERGRAPH_PATH',
      'REPLICA_TIMEOUT_MS',
      'REPLICA_HEDGE_MS',
      'REPLICA_ADDRESS_ALLOW',
      'CHAT_WORKER_DISABLED',
      'DATABASE_TIMEOUT_MS',
      'MAX_COST',
      'RATE_LIMIT_PER_MINUTE',
      'ALLOWED_OPERATIONS_PATH',
      'AUTH_SECRET',
      'AUTH_JWKS_URL',
      'AUTH_ISSUER',
      'AUTH_AUDIENCE',
      'CORS_ORIGINS',
      ...DIAGNOSIS_SETTINGS,
      'INTERNAL_SECRET',
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      'LOG_LEVEL',
    ],
    ['INTERNAL_SECRET'],
    [callersKey],
  );
