/** The settings of the gateway's process. */
import { readEnvironment } from '../common/config.ts';

/** @throws SettingsError naming every bad one */
export const readGatewaySettings = () =>
  readEnvironment(
    [
      'PORT',
      'HOST',
      'DATABASE_SUBGRAPH_URL',
      'SUPERGRAPH_PATH',
      'REPLICA_TIMEOUT_MS',
      'DATABASE_TIMEOUT_MS',
      'AUTH_SECRET',
      'INTERNAL_SECRET',
      'LOG_LEVEL',
    ],
    ['AUTH_SECRET', 'INTERNAL_SECRET'],
  );
