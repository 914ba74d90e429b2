/** Connections of a command to the database. None waits for ever. */
import pg from 'pg';
import { LEAVES_NO_EVENTS } from '../subgraphs/runtime/chatd/pool.ts';
import type { System } from './system.ts';

/** Opens a pool; the caller ends it. */
export function openPool({ databaseUrl, databaseTimeoutMs, writesEvents }: System): pg.Pool {
  const pool = new pg.Pool({
    ...{ connectionString: databaseUrl, application_name: 'npm run chat', max: 3 },
    connectionTimeoutMillis: databaseTimeoutMs,
    lock_timeout: Math.ceil(0.75 * databaseTimeoutMs), // earlier than the next, so that a lock is told from slow work
    statement_timeout: databaseTimeoutMs,
    query_timeout: 2 * databaseTimeoutMs, // a server that is stopped keeps no limit of its own
    idle_in_transaction_session_timeout: 2 * databaseTimeoutMs,
    ...(writesEvents ? {} : LEAVES_NO_EVENTS),
  });
  // A broken connection fails its query. Without a listener the event would end the command with a stack.
  pool.on('connect', (client) => client.on('error', () => {}));
  pool.on('error', () => {});
  return pool;
}
