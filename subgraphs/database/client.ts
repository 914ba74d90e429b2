/** Prisma's client, over a pool of connections that never wait for ever. */
import { Socket } from 'node:net';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../../prisma/generated/client.ts';
import { loggedReason } from '../../server/databaseWords.ts';
import type { Logger } from '../../server/log.ts';

export interface DatabaseClient {
  readonly prisma: PrismaClient;
  /** Ends all connections. Running work is rolled back. */
  close(): Promise<void>;
}

/** Name of the connections, as Postgres lists them. */
export const SUBGRAPH_CONNECTIONS = 'chat-debug-database';

/** Milliseconds past `timeoutMs`, when the server cancels a statement, after which the connection counts as dead. */
const SILENCE_GRACE_MS = 500;

/** Makes a client that connects on its first question. The database may be down before. */
export function connectDatabase(options: { url: string; timeoutMs: number; log: Logger }): DatabaseClient {
  const { url, timeoutMs, log } = options;
  const warn = (error: Error) => log.warn({ reason: loggedReason(error) }, 'a connection to the database broke');
  const pool = {
    connectionString: url,
    application_name: SUBGRAPH_CONNECTIONS,
    connectionTimeoutMillis: timeoutMs,
    idleTimeoutMillis: timeoutMs,
    stream: () => socketThatGivesUp(timeoutMs + SILENCE_GRACE_MS),
  };
  const adapter = new PrismaPg(pool, { onPoolError: warn, onConnectionError: warn });
  const prisma = new PrismaClient({ adapter, errorFormat: 'minimal' });
  return { prisma, close: () => prisma.$disconnect() };
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
