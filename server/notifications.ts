/**
 * Postgres notifications, on best effort, over a connection of their own that listens, is checked, and is made anew.
 * Users must also look by themselves now and then. After each new connection they are told to.
 */
import { Socket } from 'node:net';
import pg from 'pg';
import type { Clock } from '../common/clock.ts';
import type { Logger } from './log.ts';

const RECONNECT_MS = 1_000;
const CHECK_EVERY_MS = 10_000;
const CHECK_LIMIT_MS = 5_000;

interface NotificationOptions {
  /** URL of the primary, without a pooler between. */
  readonly databaseUrl: string;
  /** Name of the connection, as Postgres lists it. */
  readonly name: string;
  readonly channels: readonly string[];
  readonly onNotification: (channel: string, payload: string) => void;
  /** Called on a new connection: what was sent before may have been missed. */
  readonly onConnected: () => void;
  /** Called when nothing can be heard any more, or not yet again. */
  readonly onLost?: () => void;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Notifications {
  /** Listens to these channels, and to no others, from soon on. */
  setChannels(channels: readonly string[]): void;
  stop(): Promise<void>;
}

/** Channels that are wanted, and the signal that others are. */
interface Wanted {
  channels: readonly string[];
  changed: AbortController;
}

export function listen(options: NotificationOptions): Notifications {
  const stopping = new AbortController();
  const wanted: Wanted = { channels: options.channels, changed: new AbortController() };
  const ended = keepListening(options, wanted, stopping.signal);
  return {
    setChannels: (channels) => {
      wanted.channels = channels;
      wanted.changed.abort();
    },
    stop: () => {
      stopping.abort();
      return ended;
    },
  };
}

async function keepListening(options: NotificationOptions, wanted: Wanted, signal: AbortSignal): Promise<void> {
  const { clock, log, onLost } = options;
  while (!signal.aborted) {
    try {
      await listenOnce(options, wanted, signal);
    } catch (error) {
      onLost?.();
      log.warn({ err: error }, 'the connection for notifications broke');
      await clock.sleep(RECONNECT_MS, signal);
    }
  }
}

/** Listens until `signal` aborts, or throws when the connection breaks or no longer answers. */
async function listenOnce(options: NotificationOptions, wanted: Wanted, signal: AbortSignal): Promise<void> {
  const { databaseUrl, name, onNotification, onConnected, clock } = options;
  const socket = new Socket();
  const client = new pg.Client({
    stream: () => socket,
    connectionString: databaseUrl,
    application_name: name,
    connectionTimeoutMillis: CHECK_LIMIT_MS,
    query_timeout: CHECK_LIMIT_MS,
    keepAlive: true,
  });
  const broken = new AbortController();
  client.on('error', () => broken.abort()); // the next check then fails, and says why
  client.on('notification', ({ channel, payload }) => onNotification(channel, payload ?? ''));
  const listened = new Set<string>();
  const listenToWanted = async () => {
    wanted.changed = new AbortController();
    const channels = new Set(wanted.channels);
    for (const channel of channels) {
      if (!listened.has(channel)) await client.query(`LISTEN ${client.escapeIdentifier(channel)}`);
      listened.add(channel);
    }
    for (const channel of [...listened]) {
      if (channels.has(channel)) continue;
      await client.query(`UNLISTEN ${client.escapeIdentifier(channel)}`);
      listened.delete(channel);
    }
  };
  try {
    await client.connect();
    await listenToWanted();
    onConnected();
    while (!signal.aborted) {
      await clock.sleep(CHECK_EVERY_MS, AbortSignal.any([signal, broken.signal, wanted.changed.signal]));
      if (signal.aborted) return;
      if (wanted.changed.signal.aborted && !broken.signal.aborted) await listenToWanted();
      else await client.query('SELECT 1');
    }
  } finally {
    const ended = client.end().catch(() => {}); // it is broken already
    socket.destroySoon(); // the other side may never say a word again
    await ended;
  }
}
