/**
 * A whole system for one test file: Postgres, the database subgraph and a gateway. Each test starts its own replicas.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { systemClock } from '../../../common/clock.ts';
import type { DiagnosisSettings } from '../../../domain/diagnosis/diagnosis.ts';
import type { FindingCode } from '../../../domain/diagnosis/rules.ts';
import { textContent } from '../../../domain/messages.ts';
import type { Transition } from '../../../domain/transitions.ts';
import type { RunningServer } from '../../../server/app.ts';
import { makeLogger } from '../../../server/log.ts';
import { startDatabaseSubgraph } from '../../../subgraphs/database/server.ts';
import type { ChatState } from '../../../subgraphs/runtime/chatd/chatState.ts';
import { readChats } from '../../../subgraphs/runtime/chatd/chatState.ts';
import { ChatStore } from '../../../subgraphs/runtime/chatd/chatStore.ts';
import { startTestGateway } from '../../gateway/gateways.ts';
import { chatWaits } from '../../support/chatWaits.ts';
import { databasePerFile } from '../../support/database.ts';
import { startPostgresProxy } from '../../support/postgresProxy.ts';
import { INTERNAL_SECRET, startTestReplica } from '../../support/replica.ts';
import { diagnosesOf, type Expected, expectFinding, type Finding } from './diagnosed.ts';
import { expectShown } from './example.ts';

const ownerId = randomUUID();
export const messageOf = (text: string) => ({ content: textContent(text), createdBy: ownerId });

/**
 * Call at the top of a test file. Chats and replicas are gone after each test.
 * @param options replicaTimeoutMs: how long the gateway waits for a replica; one that is paused is known by that
 */
export function diagnosedSystemPerFile(settings: DiagnosisSettings, { replicaTimeoutMs = 20_000 } = {}) {
  const servers: RunningServer[] = [];
  afterAll(async () => {
    for (const server of servers.reverse()) await server.stop();
  });
  const database = databasePerFile();
  const held: { gateway?: RunningServer; store?: ChatStore } = {};
  beforeAll(async () => {
    const shared = { host: '127.0.0.1', port: 0, internalSecret: INTERNAL_SECRET, clock: systemClock };
    const subgraph = await startDatabaseSubgraph({
      ...{ ...shared, ...settings, databaseUrl: database.url, databaseTimeoutMs: 20_000 },
      log: makeLogger('database', 'silent'),
    });
    servers.push(subgraph);
    held.gateway = await startTestGateway(subgraph, {
      diagnosis: settings,
      replicas: { timeoutMs: replicaTimeoutMs },
    });
    servers.push(held.gateway);
    held.store = new ChatStore(database.pool);
    await diagnosesOf(held.gateway, [randomUUID()]); // the first question takes longer than the others
  });
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    await Promise.all(closing.splice(0).map((close) => close()));
    await database.pool.query('TRUNCATE chats, replicas, chat_heartbeats CASCADE');
  });
  const gateway = () => held.gateway ?? missing();
  const store = () => held.store ?? missing();
  const read = async (id: string): Promise<ChatState> => (await readChats(database.pool, [id]))[0] ?? missing();

  return {
    database,
    gateway,
    create: async (text: string) => (await store().create({ ownerId, text })).id,
    apply: (id: string, transition: Transition) => store().apply(id, transition),
    read,
    until: chatWaits(() => database.pool),
    /** One statement on one chat, as an operator at a Postgres prompt might type it. `$1` is the chat. */
    edit: (id: string, sql: string, ...values: unknown[]) => database.pool.query(sql, [id, ...values]),
    /** Starts one in this process, with the settings of the file unless told otherwise. */
    startReplica: async (changes: Parameters<typeof startTestReplica>[1] = {}) => {
      const replica = await startTestReplica(database.url, { ...settings, ...changes });
      closing.push(() => replica.stop());
      return replica;
    },
    /** Is closed before the replicas behind it are stopped, so that none of them waits for it. */
    startProxy: async (url = database.url) => {
      const proxy = await startPostgresProxy(url);
      closing.push(() => proxy.close());
      return proxy;
    },
    /** `shown`: the terminal shows it as the example of the runbook does. */
    finds: async (
      id: string,
      code: FindingCode,
      severity: Finding['severity'],
      { shown = false, ...expected }: Expected & { shown?: boolean },
    ) => {
      const found = await expectFinding(gateway(), id, code, severity, expected);
      if (shown) await expectShown(gateway(), id, code, expected.everywhere === true);
      return found;
    },
  };
}

function missing(): never {
  throw new Error('It is there once the tests run');
}
