/** The settings by which replicas are asked. */
import type { Settings } from '../server/settings/settings.ts';

/** Settings of the way replicas are asked, and of the database subgraph, which knows them. */
export const REPLICA_SETTINGS = [
  'REPLICA_TIMEOUT_MS',
  'REPLICA_HEDGE_MS',
  'REPLICA_ADDRESS_ALLOW',
  'RUNTIME_PROTOCOL',
  'RUNTIME_KEY',
  'CHAT_WORKER_DISABLED',
  'PLATFORM',
  'DATABASE_SUBGRAPH_URL',
  'DATABASE_TIMEOUT_MS',
] as const;

export const replicaSettings = (settings: Settings<(typeof REPLICA_SETTINGS)[number]>) => ({
  timeoutMs: settings.REPLICA_TIMEOUT_MS,
  hedgeMs: settings.REPLICA_HEDGE_MS,
  addressAllow: settings.REPLICA_ADDRESS_ALLOW,
  protocol: settings.RUNTIME_PROTOCOL,
  runtimeKey: settings.RUNTIME_KEY,
  isDisabled: settings.CHAT_WORKER_DISABLED,
  platform: settings.PLATFORM,
});
