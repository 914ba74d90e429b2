/** Connections of a server to its database. None waits for ever. */
import pg from 'pg';
import { loggedReason } from './databaseWords.ts';
import type { Logger } from './log.ts';

interface PoolOptions {
  /** Name that Postgres shows for its sessions. */
  readonly name: string;
  readonly databaseUrl: string;
  /** Milliseconds for one statement. */
  readonly timeoutMs: number;
  /** Connections at most. */
  readonly connections: number;
  readonly log: Logger;
}

/** Opens the pool, which connects when it is first asked; the caller ends it. */
export function openPool({ name, databaseUrl, timeoutMs, connections, log }: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    ...{ connectionString: databaseUrl, application_name: name, max: connections },
    connectionTimeoutMillis: timeoutMs,
    statement_timeout: timeoutMs,
    query_timeout: 2 * timeoutMs, // a server that is stopped keeps no limit of its own
    lock_timeout: timeoutMs,
    idle_in_transaction_session_timeout: 2 * timeoutMs,
    keepAlive: true,
  });
  // A connection that breaks in use is reported by its query. Without a listener the event would end the process.
  pool.on('connect', (client) => client.on('error', () => {}));
  pool.on('error', (error) => log.warn({ reason: loggedReason(error) }, 'a connection to the database broke'));
  return pool;
}
