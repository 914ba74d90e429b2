/** The worker's connections. Each wait has a limit, and sessions made by a read-only server are not kept. */
import pg from 'pg';
import type { Logger } from '../../../server/log.ts';
import { isReadOnly } from './databaseFailure.ts';

const DATABASE_LIMIT_MS = 10_000;
/**
 * Milliseconds for which the driver waits longer than the database works, so that a statement's end has a name (57014).
 */
const ANSWER_LIMIT_MS = 2_000;
/** Milliseconds, less than a statement's limit, so that a held lock is an outcome with a name (55P03). */
const LOCK_LIMIT_MS = 2_000;

interface PoolOptions {
  readonly workerId: string;
  readonly databaseUrl: string;
  /** Connections at most. */
  readonly max: number;
  /** Milliseconds for one statement. */
  readonly statementLimitMs?: number;
  /** False: changes on these connections leave no events. */
  readonly writesEvents?: boolean;
  readonly log: Logger;
}

/** Opens the pool; the caller ends it. */
export function openWorkerPool(options: PoolOptions): pg.Pool {
  const { workerId, databaseUrl, max, statementLimitMs = DATABASE_LIMIT_MS, writesEvents = true, log } = options;
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    application_name: `chatd ${workerId}`, // Postgres then tells whose session holds a lock
    max,
    connectionTimeoutMillis: DATABASE_LIMIT_MS,
    statement_timeout: statementLimitMs,
    query_timeout: statementLimitMs + ANSWER_LIMIT_MS,
    lock_timeout: LOCK_LIMIT_MS,
    idle_in_transaction_session_timeout: DATABASE_LIMIT_MS,
    keepAlive: true,
    ...(writesEvents ? {} : LEAVES_NO_EVENTS),
  });
  // A connection that breaks in use is reported by its query. Without a listener the event would end the process.
  pool.on('connect', (client) => client.on('error', () => {}));
  pool.on('error', (error) => log.warn({ err: error }, 'an idle database connection broke'));
  dropReadOnlySessions(pool);
  return pool;
}

/** Options of a pool whose changes are not to be noted. Each new connection tells the triggers so before it is used. */
export const LEAVES_NO_EVENTS: pg.PoolConfig = {
  onConnect: async (client) => {
    await client.query(`SET chat_debug.events = 'off'`);
  },
};

/**
 * Ends every session after the first refused write: idle ones now, others when they are given back.
 * A session reads `default_transaction_read_only` when it begins, and keeps it when the database is writable again.
 */
function dropReadOnlySessions(pool: pg.Pool): void {
  const sessions = new Set<pg.PoolClient>();
  const ending = new WeakSet<pg.PoolClient>();
  pool.on('connect', (client) => sessions.add(client));
  pool.on('remove', (client) => sessions.delete(client));
  pool.on('release', (error, client) => {
    // The pool removes a client that has been told to end.
    if (ending.has(client)) void client.end().catch(() => {});
    if (!isReadOnly(error)) return;
    for (const session of sessions) ending.add(session);
    for (let idle = pool.idleCount; idle > 0; idle -= 1) {
      void pool.connect().then(
        (session) => session.release(),
        () => {}, // it is gone already
      );
    }
  });
}
