/** Chats in trouble as an alert sees them: rows of a real database, counted by a real gateway. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { systemClock } from '../../common/clock.ts';
import { makeSuspectGauge } from '../../gateway/http/suspectGauge.ts';
import type { RunningServer } from '../../server/app.ts';
import { makeLogger } from '../../server/log.ts';
import { startRuntimeSubgraph } from '../../subgraphs/runtime/server.ts';
import { insertChat, insertHeartbeat } from '../subgraphs/database/support/rows.ts';
import { databasePerFile } from '../support/database.ts';
import { inspectorOf } from '../support/inspector.ts';
import { manualClock } from '../support/manualClock.ts';
import { until } from '../support/until.ts';
import { startDatabase } from './databaseWays.ts';
import { gatewaysPerTest, INTERNAL_SECRET } from './gateways.ts';

const database = databasePerFile();
const startGateway = gatewaysPerTest();
const held: { subgraph?: RunningServer; readonly stop: (() => Promise<void>)[] } = { stop: [] };
afterEach(async () => {
  for (const stop of held.stop.splice(0)) await stop();
});

beforeAll(async () => {
  held.subgraph = await startDatabase({
    ...{ databaseUrl: database.url, internalSecret: INTERNAL_SECRET, host: '127.0.0.1', port: 0 },
    ...{ staleAfterSeconds: 30, noProgressSeconds: 60, databaseTimeoutMs: 20_000 },
    ...{ clock: systemClock, log: makeLogger('test', 'silent') },
  });
});
afterAll(async () => held.subgraph?.stop());

/** The lines of the gauge in the metrics of a gateway. */
const suspectsAt = async ({ url }: RunningServer): Promise<string[]> => {
  const text = await (await fetch(`${url}/metrics`)).text();
  return [...text.matchAll(/^chat_debug_suspects\{.*$/gm)].map(([line]) => line).sort();
};

test('suspects are counted by their worst finding, page by page, and never in half', async () => {
  const longAgo = `now() - interval '10 minutes'`;
  for (let i = 0; i < 102; i += 1) await insertChat(database.pool, { status: 'running', updated_at: longAgo });
  await insertChat(database.pool, { status: 'paused' });
  await insertChat(database.pool, { status: 'waiting', updated_at: longAgo });
  const gateway = await startGateway({ url: held.subgraph?.url ?? '' });
  expect(await suspectsAt(gateway)).toEqual([]); // nobody has asked before
  await until('suspects are counted', async () => (await suspectsAt(gateway)).length > 0);
  expect(await suspectsAt(gateway)).toEqual([
    'chat_debug_suspects{reason="INVALID_STATE",severity="CRITICAL"} 1',
    'chat_debug_suspects{reason="NO_OWNER",severity="CRITICAL"} 102',
  ]);
});

test('a suspect that gets on has a reason, too', async () => {
  const replica = randomUUID();
  const server = await startRuntimeSubgraph({
    ...{ inspector: inspectorOf(replica), internalSecret: INTERNAL_SECRET, host: '127.0.0.1', port: 0 },
    ...{ clock: systemClock, log: makeLogger('test', 'silent') },
  });
  held.stop.push(() => server.stop());
  await database.pool.query('DELETE FROM chats');
  await database.pool.query(
    `INSERT INTO replicas (id, hostname, relay_address, version) VALUES ($1, 'host', $2, '0.2.0')`,
    [replica, server.url],
  );
  const id = randomUUID(); // the runner's, too
  const quiet = {
    id,
    status: 'running',
    worker_id: replica,
    runner_id: id,
    updated_at: `now() - interval '10 minutes'`,
  };
  await insertChat(database.pool, quiet);
  await insertHeartbeat(database.pool, id, id);
  const gateway = await startGateway({ url: held.subgraph?.url ?? '' });
  await suspectsAt(gateway);
  await until('suspects are counted', async () => (await suspectsAt(gateway)).length > 0);
  expect(await suspectsAt(gateway)).toEqual(['chat_debug_suspects{reason="QUIET",severity="INFO"} 1']);
});

test('a reading that fails takes the old numbers away; nobody can ask for one more often than every ten seconds', async () => {
  const clock = manualClock();
  const registry = new Registry();
  const found = [{ reason: 'NO_OWNER', severity: 'CRITICAL' }];
  const answers: (() => Promise<typeof found>)[] = [async () => found, async () => Promise.reject(new Error('away'))];
  const read = () => answers.shift()?.() ?? Promise.resolve([]);
  makeSuspectGauge(registry, { read, clock, log: makeLogger('test', 'silent') });
  const scrape = async () => /^chat_debug_suspects\{.*$/m.exec(await registry.metrics())?.[0];

  expect(await scrape()).toBeUndefined();
  expect(await scrape()).toBe('chat_debug_suspects{reason="NO_OWNER",severity="CRITICAL"} 1');
  clock.advance(9_999);
  await scrape();
  expect(answers).toHaveLength(1);
  clock.advance(1);
  await scrape();
  expect(answers).toHaveLength(0);
  expect(await scrape()).toBeUndefined();
});
