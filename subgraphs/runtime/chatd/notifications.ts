/**
 * Postgres notifications, on best effort, over a connection of their own that listens, is checked, and is made anew.
 * Users must also look by themselves now and then. After each new connection they are told to.
 */
import pg from 'pg';
import type { Clock } from '../../../common/clock.ts';
import type { Logger } from '../../../server/log.ts';

const RECONNECT_MS = 1_000;
const CHECK_EVERY_MS = 10_000;
const CHECK_LIMIT_MS = 5_000;

interface NotificationOptions {
  readonly databaseUrl: string;
  readonly channels: readonly string[];
  readonly onNotification: (channel: string, payload: string) => void;
  /** Called on a new connection: what was sent before may have been missed. */
  readonly onConnected: () => void;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Notifications {
  stop(): Promise<void>;
}

export function listen(options: NotificationOptions): Notifications {
  const stopping = new AbortController();
  const ended = keepListening(options, stopping.signal);
  return {
    stop: () => {
      stopping.abort();
      return ended;
    },
  };
}

async function keepListening(options: NotificationOptions, signal: AbortSignal): Promise<void> {
  const { clock, log } = options;
  while (!signal.aborted) {
    try {
      await listenOnce(options, signal);
    } catch (error) {
      log.warn({ err: error }, 'the connection for notifications broke');
      await clock.sleep(RECONNECT_MS, signal);
    }
  }
}

/** Listens until `signal` aborts, or throws when the connection breaks or no longer answers. */
async function listenOnce(options: NotificationOptions, signal: AbortSignal): Promise<void> {
  const { databaseUrl, channels, onNotification, onConnected, clock } = options;
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'chatd notifications',
    connectionTimeoutMillis: CHECK_LIMIT_MS,
    query_timeout: CHECK_LIMIT_MS,
    keepAlive: true,
  });
  const broken = new AbortController();
  client.on('error', () => broken.abort()); // the next check then fails, and says why
  client.on('notification', ({ channel, payload }) => onNotification(channel, payload ?? ''));
  try {
    await client.connect();
    for (const channel of channels) await client.query(`LISTEN ${client.escapeIdentifier(channel)}`);
    onConnected();
    while (!signal.aborted) {
      await clock.sleep(CHECK_EVERY_MS, AbortSignal.any([signal, broken.signal]));
      if (!signal.aborted) await client.query('SELECT 1');
    }
  } finally {
    await client.end().catch(() => {}); // it is broken already
  }
}
