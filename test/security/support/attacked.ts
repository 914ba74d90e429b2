/**
 * A whole system to attack, all real, with every line that it logs.
 * It has a built gateway in its own process, the database subgraph and a replica.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import { pino } from 'pino';
import { systemClock } from '../../../common/clock.ts';
import type { RunningServer } from '../../../server/app.ts';
import type { Replica } from '../../../subgraphs/runtime/replica.ts';
import { AUTH_SECRET, INTERNAL_SECRET } from '../../gateway/gateways.ts';
import { insertChat } from '../../subgraphs/database/support/rows.ts';
import { start } from '../../subgraphs/database/support/subgraph.ts';
import { databasePerFile } from '../../support/database.ts';
import { type PostgresProxy, startPostgresProxy } from '../../support/postgresProxy.ts';
import { startTestReplica } from '../../support/replica.ts';
import { type ServerProcess, startServerProcess } from '../../support/serverProcess.ts';
import { until } from '../../support/until.ts';
import type { RawAnswer } from './raw.ts';

/** Put it into a variable's value: no log may hold it. */
export const VARIABLE = 'a-value-that-no-log-may-hold';
/** Words that only the inside knows: file names, statements, addresses, modules, stacks. */
const INTERNAL =
  /node_modules|\.ts\b|\bat \w+ \(|SELECT |postgres:|127\.0\.0\.1|ECONN|prisma|fastify|FST_|undici|jose|chat-debug-gateway/i;

interface Attacked {
  readonly gateway: ServerProcess;
  readonly database: RunningServer;
  readonly replica: Replica;
  /** Counts what reaches Postgres from the database subgraph. */
  readonly tap: PostgresProxy;
  /** Caller, who owns `mine` and has no role. */
  readonly me: string;
  readonly mine: string;
  /** Somebody else's chat, at the same replica. */
  readonly others: string;
  /** Parsed log lines of every process; `process` names it. */
  readonly log: readonly Record<string, unknown>[];
}

/**
 * Call at the top of a test file; filled in before the first test. After each test no log line holds a secret.
 * @param settings more of the gateway's
 */
export function attackedSystem(settings: Readonly<Record<string, string>> = {}): Attacked {
  const database = databasePerFile();
  const holder: { current?: Attacked } = {};
  const lines: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => lines.push(line) });
  const of = (process: string) => log.child({ process });
  const toStop: (() => Promise<unknown>)[] = [];
  beforeAll(async () => {
    const tap = await startPostgresProxy(database.url);
    const subgraph = await start({ databaseUrl: tap.url, internalSecret: INTERNAL_SECRET, log: of('database') });
    const replica = await startTestReplica(database.url, { internalSecret: INTERNAL_SECRET, log: of('replica') });
    toStop.push(replica.stop, subgraph.stop, () => tap.close());
    const gateway = await startServerProcess(
      'dist/gateway.js',
      {
        ...{ PORT: '0', AUTH_SECRET, INTERNAL_SECRET, DATABASE_SUBGRAPH_URL: `${subgraph.url}/graphql` },
        ...{
          REPLICA_TIMEOUT_MS: '20000',
          DATABASE_TIMEOUT_MS: '20000',
          RATE_LIMIT_PER_MINUTE: '0',
          LOG_LEVEL: 'trace',
        },
        ...settings,
      },
      { onLine: (line) => lines.push(line) },
    );
    toStop.unshift(() => {
      gateway.kill('SIGINT');
      return gateway.ended;
    });
    const me = randomUUID();
    const owned = { worker_id: replica.workerId, runner_id: randomUUID() };
    holder.current = {
      ...{ gateway, database: subgraph, replica, tap, me },
      mine: await insertChat(database.pool, { ...owned, owner_id: me }),
      others: await insertChat(database.pool, owned),
      get log() {
        return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
      },
    };
  });
  afterEach(() => {
    for (const line of lines) expect(line).not.toMatch(new RegExp(`eyJ|${VARIABLE}|${INTERNAL_SECRET}`));
  });
  afterAll(async () => {
    for (const stop of toStop) await stop();
  });
  return new Proxy({} as Attacked, {
    get: (_, name) => {
      if (!holder.current) throw new Error('The system is there once the tests run, not while the file is read');
      return Reflect.get(holder.current, name);
    },
  });
}

/** A refusal by the gateway: this status and code, nothing internal, and its request id stands in the log too. */
export async function expectRefusal(system: Attacked, answer: RawAnswer, status: number, code: string): Promise<void> {
  expect([answer.status, answer.body]).toEqual([status, expect.any(String)]);
  const { errors, ...rest } = JSON.parse(answer.body);
  expect(rest).toEqual({});
  expect(errors).toEqual([expect.objectContaining({ message: expect.any(String), extensions: { code } })]);
  expect(answer.text).not.toMatch(INTERNAL);
  const id = answer.headers['x-request-id'];
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  await until('the request is logged', () => system.log.some(({ requestId }) => requestId === id));
}

export const nowSeconds = () => Math.floor(systemClock.now().getTime() / 1000);
