/** Prisma's client, over a pool of connections that never wait for ever. */
import { createHash } from 'node:crypto';
import { Socket } from 'node:net';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import { loggedReason } from '../../server/databaseWords.ts';
import type { Logger } from '../../server/log.ts';

export interface DatabaseClient {
  readonly prisma: PrismaClient;
  /** The `statement_timeout` that connections begin with, in milliseconds; a transaction sets its own. */
  readonly limitMs: number;
  /** Ends all connections. Running work is rolled back. */
  close(): Promise<void>;
}

/** Name of the connections, as Postgres lists them. */
export const SUBGRAPH_CONNECTIONS = 'chat-debug-database';

/** Milliseconds past `timeoutMs`, when the server cancels a statement, after which the connection counts as dead. */
const SILENCE_GRACE_MS = 500;

/** Begins a statement that each connection plans once, and keeps. */
export const PREPARED = Prisma.raw('-- prepared\n');
/** Statements that one connection keeps at most. */
const MOST_PREPARED = 50;

/**
 * Settings with which each connection begins.
 * Every question goes along an index, most in the order of the answer, whatever the planner believes of a table that
 * has grown.
 */
const settings = (limitMs: number): string =>
  Object.entries({
    ...{ statement_timeout: limitMs, TimeZone: 'UTC', DateStyle: 'ISO' },
    ...{ enable_seqscan: 'off', enable_bitmapscan: 'off', jit: 'off' },
  })
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ');

/** A pooler may refuse to let a connection begin with settings: it then begins without. */
class Pool extends pg.Pool {
  override connect(): Promise<pg.PoolClient>;
  override connect(callback: Parameters<pg.Pool['connect']>[0]): void;
  override connect(callback?: Parameters<pg.Pool['connect']>[0]): Promise<pg.PoolClient> | undefined {
    const connected = super.connect().catch((error: unknown) => {
      if (!refusesSettings(error)) throw error;
      delete this.options.options;
      return super.connect();
    });
    if (!callback) return connected;
    connected.then(
      (client) => callback(undefined, client, client.release.bind(client)),
      (error: Error) => callback(error, undefined, () => {}),
    );
    return undefined;
  }
}

const refusesSettings = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === '08P01';

/** Makes a client that connects on its first question. The database may be down before. */
export function connectDatabase(options: { url: string; timeoutMs: number; log: Logger }): DatabaseClient {
  const { url, timeoutMs, log } = options;
  const limitMs = Math.max(1, Math.floor(timeoutMs / 4)); // leaves time for another try
  const warn = (error: Error) => log.warn({ reason: loggedReason(error) }, 'a connection to the database broke');
  const pool = new Pool({
    connectionString: url,
    options: settings(limitMs),
    application_name: SUBGRAPH_CONNECTIONS,
    connectionTimeoutMillis: timeoutMs,
    idleTimeoutMillis: timeoutMs,
    stream: () => socketThatGivesUp(timeoutMs + SILENCE_GRACE_MS),
  });
  const adapter = new PrismaPg(pool, {
    ...{ disposeExternalPool: true, onPoolError: warn, onConnectionError: warn },
    statementNameGenerator: preparedNames(),
  });
  const prisma = new PrismaClient({ adapter, errorFormat: 'minimal' });
  return { prisma, limitMs, close: () => prisma.$disconnect() };
}

/**
 * Socket that is destroyed after a silence, so that all that waits on it fails.
 * TCP takes many minutes to notice a frozen peer or a cut cable, and pg would use the dead connection again.
 * Idle connections are closed in order before that.
 */
function socketThatGivesUp(silenceMs: number): Socket {
  const socket = new Socket();
  socket.setTimeout(silenceMs, () => socket.destroy());
  return socket;
}

const UNNAMED = '';

/** Names for statements that are to be kept. Those that come when there are enough are planned each time. */
function preparedNames(): (query: { readonly sql: string }) => string {
  const names = new Map<string, string>();
  return ({ sql }) => {
    if (!sql.startsWith(PREPARED.sql)) return UNNAMED;
    const known = names.get(sql);
    if (known !== undefined || names.size >= MOST_PREPARED) return known ?? UNNAMED;
    const name = createHash('sha256').update(sql).digest('base64url').slice(0, 40);
    names.set(sql, name);
    return name;
  };
}
