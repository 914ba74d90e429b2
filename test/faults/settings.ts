/** The short times of these replicas, and what follows from them, in seconds. */
export const REPLICAS = 4;
export const STALE_AFTER_SECONDS = 3;
const ACQUISITION_INTERVAL_SECONDS = 0.5;

/** Seconds that a loaded machine needs to take many chats. */
const LOADED_SECONDS = 4;
/** Seconds for which a runnable chat may lack a fresh heartbeat while a healthy worker has room. */
export const IDLE_LIMIT_SECONDS = STALE_AFTER_SECONDS + ACQUISITION_INTERVAL_SECONDS + LOADED_SECONDS;

/** `/fail` ends in an error after so many attempts. */
const MAX_ATTEMPTS = '2';

export const REPLICA_SETTINGS: Readonly<Record<string, string>> = {
  HEARTBEAT_INTERVAL_SECONDS: '0.6',
  HEARTBEAT_STALE_SECONDS: String(STALE_AFTER_SECONDS),
  ACQUISITION_INTERVAL_SECONDS: String(ACQUISITION_INTERVAL_SECONDS),
  RETRY_MAX_ATTEMPTS: MAX_ATTEMPTS,
  REQUIRES_ACTION_TIMEOUT_SECONDS: '36000', // nobody but the driver ends the waiting
  INTERNAL_SECRET: 'an internal secret for tests, long enough',
  HOST: '127.0.0.1',
  RUNTIME_PORT: '0',
  MODEL: 'built-in',
  LOG_LEVEL: 'warn',
};
