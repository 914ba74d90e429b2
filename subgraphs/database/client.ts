/** Prisma's client, over a pool of connections that never wait for ever. */
import { createHash } from 'node:crypto';
import { Socket } from 'node:net';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import type { Clock } from '../../common/clock.ts';
import { Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import { loggedReason } from '../../server/databaseWords.ts';
import type { Logger } from '../../server/log.ts';
import { READER_SETTINGS } from './transaction.ts';

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

/** Settings with which each connection begins, as its start-up parameters name them. */
const settings = (limitMs: number): string =>
  Object.entries({ statement_timeout: limitMs, ...READER_SETTINGS })
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ');

/** Milliseconds for which connections begin without settings, after a pooler refused them. */
const REFUSED_FOR_MS = 60_000;

/** A pooler may refuse to let a connection begin with settings: it then begins without. */
class Pool extends pg.Pool {
  readonly #settings: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  #refusedAtMs: number | undefined;

  constructor(config: pg.PoolConfig & { readonly options: string }, { clock, log }: { clock: Clock; log: Logger }) {
    super(config);
    this.#settings = config.options;
    this.#clock = clock;
    this.#log = log;
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: Parameters<pg.Pool['connect']>[0]): void;
  override connect(callback?: Parameters<pg.Pool['connect']>[0]): Promise<pg.PoolClient> | undefined {
    if (this.#refusedAtMs !== undefined && this.#clock.monotonicMs() - this.#refusedAtMs >= REFUSED_FOR_MS) {
      this.options.options = this.#settings;
    }
    const connected = super.connect().catch((error: unknown) => {
      if (!refusesSettings(error)) throw error;
      this.#goWithout();
      return super.connect();
    });
    if (!callback) return connected;
    connected.then(
      (client) => callback(undefined, client, client.release.bind(client)),
      (error: Error) => callback(error, undefined, () => {}),
    );
    return undefined;
  }

  /** Leaves the settings out for a while. Only the first time is logged: a pooler seldom changes its mind. */
  #goWithout(): void {
    if (this.#refusedAtMs === undefined) {
      this.#log.warn('a pooler refuses the settings of connections, so all is read in transactions');
    }
    this.#refusedAtMs = this.#clock.monotonicMs();
    delete this.options.options;
  }
}

const refusesSettings = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === '08P01';

/** Makes a client that connects on its first question. The database may be down before. */
export function connectDatabase(options: {
  url: string;
  timeoutMs: number;
  clock: Clock;
  log: Logger;
}): DatabaseClient {
  const { url, timeoutMs, clock, log } = options;
  const limitMs = Math.max(1, Math.floor(timeoutMs / 4)); // leaves time for another try
  const warn = (error: Error) => log.warn({ reason: loggedReason(error) }, 'a connection to the database broke');
  const config = {
    connectionString: url,
    options: settings(limitMs),
    application_name: SUBGRAPH_CONNECTIONS,
    connectionTimeoutMillis: timeoutMs,
    idleTimeoutMillis: timeoutMs,
    stream: () => socketThatGivesUp(timeoutMs + SILENCE_GRACE_MS),
  };
  const pool = new Pool(config, { clock, log });
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
