/** Prisma's client over a pool of connections that never wait for ever. */
import { Socket } from 'node:net';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../../prisma/generated/client.ts';
import { loggedReason } from '../../server/databaseWords.ts';
import type { Logger } from '../../server/log.ts';

export interface DatabaseClient {
  readonly prisma: PrismaClient;
  /** Finishes nothing: what still runs is rolled back. */
  close(): Promise<void>;
}

/** The name of the connections, as Postgres lists them. */
export const SUBGRAPH_CONNECTIONS = 'chat-debug-database';

/** Past `timeoutMs` the server itself cancels a statement; this much later the connection is taken for dead. */
const SILENCE_GRACE_MS = 500;

/** Connects on the first question, not before: the database may be down. */
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
 * A frozen peer or a cut cable is not noticed by TCP for many minutes, and pg would hand the dead connection to the next
 * question. So a socket on which nothing moves for that long is destroyed, and all that waits on it fails. Idle
 * connections are closed in order before that.
 */
function socketThatGivesUp(silenceMs: number): Socket {
  const socket = new Socket();
  socket.setTimeout(silenceMs, () => socket.destroy());
  return socket;
}
