/**
 * Postgres notifications, on best effort, over a connection of their own that listens, is checked, and is made anew.
 * Users must also look by themselves now and then. After each new connection they are told to.
 */
import pg from 'pg';
import type { Clock } from '../common/clock.ts';
import type { Logger } from './log.ts';

const RECONNECT_MS = 1_000;
const CHECK_EVERY_MS = 10_000;
const CHECK_LIMIT_MS = 5_000;

interface NotificationOptions {
  /** URL of a session of the primary: neither a pooler in transaction mode nor a standby passes notifications on. */
  readonly databaseUrl: string;
  /** Name of the session, as the database shows it. */
  readonly applicationName: string;
  readonly channels: readonly string[];
  readonly onNotification: (channel: string, payload: string) => void;
  /** Called on a new connection: what was sent before may have been missed. */
  readonly onConnected: () => void;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Notifications {
  /** True while a connection listens, as far as is known. */
  readonly isListening: boolean;
  stop(): Promise<void>;
}

interface State {
  isListening: boolean;
}

export function listen(options: NotificationOptions): Notifications {
  const stopping = new AbortController();
  const state: State = { isListening: false };
  const ended = keepListening(options, state, stopping.signal);
  return {
    get isListening() {
      return state.isListening;
    },
    stop: () => {
      stopping.abort();
      return ended;
    },
  };
}

async function keepListening(options: NotificationOptions, state: State, signal: AbortSignal): Promise<void> {
  const { clock, log } = options;
  while (!signal.aborted) {
    try {
      await listenOnce(options, state, signal);
    } catch (error) {
      log.warn({ err: error }, 'the connection for notifications broke');
      await clock.sleep(RECONNECT_MS, signal);
    }
  }
}

/** Listens until `signal` aborts, or throws when the connection breaks or no longer answers. */
async function listenOnce(options: NotificationOptions, state: State, signal: AbortSignal): Promise<void> {
  const { databaseUrl, applicationName, channels, onNotification, onConnected, clock } = options;
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: applicationName,
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
    state.isListening = true;
    onConnected();
    while (!signal.aborted) {
      await clock.sleep(CHECK_EVERY_MS, AbortSignal.any([signal, broken.signal]));
      if (!signal.aborted) await client.query('SELECT 1');
    }
  } finally {
    state.isListening = false;
    await client.end().catch(() => {}); // it is broken already
  }
}
