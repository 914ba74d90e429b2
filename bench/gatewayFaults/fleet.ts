/** A whole system for the faults: replicas behind proxies, a database subgraph and a gateway, each a process of its own. */
import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { Pool } from 'pg';
import { systemClock as clock } from '../../common/clock.ts';
import { freePorts } from '../../local/ports.ts';
import { environmentWith } from '../../server/settings/config.ts';
import { READ_ALL } from '../../server/tokens/internalToken.ts';
import type { Random } from '../../test/faults/random.ts';
import { type StartedChild, startChild } from '../../test/support/childProcess.ts';
import { FaultProxy } from './faultProxy.ts';
import { FAULTS, type Fault } from './faults.ts';
import type { ReplicaMessage } from './replicaMain.ts';

const AUTH_SECRET = randomUUID() + randomUUID();
const INTERNAL_SECRET = randomUUID() + randomUUID();
const MESSAGES_EACH = 3;

interface FleetOptions {
  /** Migrated and empty. */
  readonly databaseUrl: string;
  readonly pool: Pool;
  readonly replicas: number;
  /** Chats of each replica. */
  readonly chats: number;
  /** The gateway's limit for all replicas together, and for the database. */
  readonly timeoutMs: number;
  readonly databaseTimeoutMs: number;
  readonly random: Random;
}

export interface Chat {
  readonly id: string;
  /** The place in `replicas` of the one that owns it. */
  readonly owner: number;
}

export interface Fleet {
  readonly gatewayUrl: string;
  readonly replicas: readonly FaultyReplica[];
  readonly chats: readonly Chat[];
  /** Bearer tokens of two callers who may read all these chats: one has the role, the other one owns them. */
  readonly tokens: { readonly operator: string; readonly owner: string };
  /** Parts of addresses that no client should read. */
  readonly secrets: readonly string[];
  close(): Promise<void>;
}

/** Starts a fleet; the caller closes it. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const { databaseUrl, pool, timeoutMs, databaseTimeoutMs } = options;
  const closing: (() => Promise<unknown>)[] = [];
  const close = async () => {
    await Promise.all(closing.splice(0).map((end) => end()));
  };
  const start = async (name: string, script: string, environment: Readonly<Record<string, string>>) => {
    const child = startProcess(name, script, environment);
    closing.push(() => child.end());
    return (await child.ready).url;
  };
  try {
    const free = await freePorts(2 * options.replicas, clock);
    const places = Array.from({ length: options.replicas }, async (_, i) => {
      const [port = 0, proxyPort = 0] = free.slice(2 * i);
      const replica = await FaultyReplica.start({ port, proxyPort, random: options.random, latencyMs: 3 * timeoutMs });
      closing.push(() => replica.close());
      return replica;
    });
    const common = { INTERNAL_SECRET, HOST: '127.0.0.1', DATABASE_TIMEOUT_MS: String(databaseTimeoutMs) };
    const databaseSubgraph = await start('database', 'dist/database.js', {
      ...{ ...common, DATABASE_URL: databaseUrl, DATABASE_SUBGRAPH_PORT: '0' },
      HEARTBEAT_STALE_SECONDS: '86400', // nobody renews the rows of these replicas
    });
    const gatewayUrl = await start('gateway', 'dist/gateway.js', {
      ...{ ...common, AUTH_SECRET, PORT: '0', DATABASE_SUBGRAPH_URL: `${databaseSubgraph}/graphql` },
      ...{ REPLICA_TIMEOUT_MS: String(timeoutMs), RATE_LIMIT_PER_MINUTE: '0' },
    });
    const replicas = await Promise.all(places);
    const ownerId = randomUUID();
    const chats = await insertRows(pool, replicas, options.chats, ownerId);
    const tokens = { operator: await tokenFor(randomUUID(), [READ_ALL]), owner: await tokenFor(ownerId, []) };
    const ports = [databaseSubgraph, ...replicas.flatMap((one) => [one.proxy.url, one.url])].map(
      (url) => new URL(url).port,
    );
    const secrets = ['127.0.0.1', 'localhost', ...ports.map((port) => `:${port}`)];
    return { gatewayUrl, replicas, chats, tokens, secrets, close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface FaultyReplicaOptions {
  /** Port of its process and of the proxy in front; nobody listens there yet. */
  readonly port: number;
  readonly proxyPort: number;
  readonly random: Random;
  /** Milliseconds by which the fault of that name delays. */
  readonly latencyMs: number;
}

/** One replica's place: its process, another one with the same id when that one was killed, and the proxy in front. */
class FaultyReplica {
  readonly id = randomUUID();
  readonly proxy: FaultProxy;
  readonly #port: number;
  #process: StartedChild;
  #fault: Fault | undefined;

  private constructor(proxy: FaultProxy, port: number) {
    this.proxy = proxy;
    this.#port = port;
    this.#process = this.#start();
  }

  static async start({ port, proxyPort, random, latencyMs }: FaultyReplicaOptions): Promise<FaultyReplica> {
    const target = `http://127.0.0.1:${port}`;
    const proxy = await FaultProxy.start({ target, port: proxyPort, latencyMs, random: () => random.between(0, 1) });
    const replica = new FaultyReplica(proxy, port);
    await replica.#process.ready;
    return replica;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  #start(): StartedChild {
    const message: ReplicaMessage = { workerId: this.id, port: this.#port, internalSecret: INTERNAL_SECRET };
    return startProcess('replica', 'bench/gatewayFaults/replicaMain.ts', {}, message);
  }

  /** Makes it fail until `heal`. */
  async suffer(fault: Fault): Promise<void> {
    this.#fault = fault;
    if (FAULTS[fault] !== 'process') return this.proxy.set(fault);
    if (fault === 'stopped') this.#process.kill('SIGSTOP');
    else await this.#process.end();
  }

  /** Resolves when its process runs, and nothing is done to its connections any more. */
  async heal(): Promise<void> {
    const fault = this.#fault;
    this.#fault = undefined;
    if (fault === 'stopped') this.#process.kill('SIGCONT');
    if (fault === 'killed') {
      this.#process = this.#start();
      await this.#process.ready;
    }
    await this.proxy.set(undefined);
  }

  async close(): Promise<void> {
    await this.#process.end();
    await this.proxy.close();
  }
}

function startProcess(
  name: string,
  script: string,
  environment: Readonly<Record<string, string>>,
  message?: object,
): StartedChild {
  const settings = { ...environment, LOG_LEVEL: 'error', NODE_OPTIONS: '' };
  return startChild({
    name,
    script: new URL(`../../${script}`, import.meta.url),
    environment: environmentWith(settings),
    ...(message && { message }),
  });
}

/** Chats that wait for a person, so that nobody but the fault touches them. */
async function insertRows(
  pool: Pool,
  replicas: readonly FaultyReplica[],
  each: number,
  ownerId: string,
): Promise<Chat[]> {
  const chats: Chat[] = [];
  for (const [owner, replica] of replicas.entries()) {
    await pool.query(`INSERT INTO replicas (id, hostname, relay_address, version) VALUES ($1, 'host', $2, '0.1.0')`, [
      replica.id,
      replica.proxy.url,
    ]);
    const { rows } = await pool.query<{ id: string }>(
      `INSERT INTO chats (owner_id, worker_id, runner_id)
       SELECT $1, $2, gen_random_uuid() FROM generate_series(1, $3::int) RETURNING id`,
      [ownerId, replica.id, each],
    );
    chats.push(...rows.map(({ id }) => ({ id, owner })));
  }
  await pool.query(
    `INSERT INTO chat_messages (chat_id, role, content) SELECT id, 'user', '[]' FROM chats, generate_series(1, $1::int)`,
    [MESSAGES_EACH],
  );
  return chats;
}

const tokenFor = (sub: string, roles: readonly string[]) =>
  new SignJWT({ exp: 99_999_999_999, sub, roles })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(AUTH_SECRET));

/** Content of the database half of each chat. */
export const DATABASE_HALF = { status: 'waiting', queueDepth: 0, messageStats: { total: MESSAGES_EACH, deleted: 0 } };
