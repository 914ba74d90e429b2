/** Two gateways and two database subgraphs, each pair behind a balancer, restarted one after the other under load. */
import { expect, jest, test } from '@jest/globals';
import { Agent, request } from 'undici';
import { systemClock } from '../../common/clock.ts';
import { freePorts } from '../../local/ports.ts';
import { insertChat } from '../subgraphs/database/support/rows.ts';
import { balancersPerTest } from '../support/balancer.ts';
import { databasePerFile } from '../support/database.ts';
import { serverProcessesPerTest } from '../support/serverProcess.ts';
import { until } from '../support/until.ts';
import { AUTH_SECRET, callerToken, INTERNAL_SECRET } from './gateways.ts';
import { restart } from './restarts.ts';

jest.setTimeout(180_000);

const CLIENTS = 6;
/** Milliseconds between two requests of one client. */
const PAUSE_MS = 20;

const database = databasePerFile();
const startProcess = serverProcessesPerTest();
const startBalancer = balancersPerTest();
const common = { AUTH_SECRET, INTERNAL_SECRET, RATE_LIMIT_PER_MINUTE: '0', DATABASE_TIMEOUT_MS: '20000' };

test('no request fails, and the gateways share nothing but their settings', async () => {
  const start = {
    subgraph: (port: number) =>
      startProcess('dist/database.js', {
        ...common,
        DATABASE_URL: database.url,
        DATABASE_SUBGRAPH_PORT: String(port),
      }),
    gateway: (port: number, subgraphs: string) =>
      startProcess('dist/gateway.js', { ...common, PORT: String(port), DATABASE_SUBGRAPH_URL: `${subgraphs}/graphql` }),
  };
  const free = await freePorts(4, systemClock);
  const ports = { subgraphs: free.slice(0, 2), gateways: free.slice(2) };
  const subgraphs = await Promise.all(ports.subgraphs.map(start.subgraph));
  const behind = await startBalancer(subgraphs.map(({ url }) => url));
  const gateways = await Promise.all(ports.gateways.map((port) => start.gateway(port, behind.url)));
  const front = await startBalancer(gateways.map(({ url }) => url));
  const chatId = await insertChat(database.pool);

  const dispatcher = new Agent({ connections: CLIENTS });
  const authorization = `Bearer ${await callerToken()}`;
  const failures: string[] = [];
  let [answered, sending] = [0, true];
  const clients = Array.from({ length: CLIENTS }, async () => {
    while (sending) {
      const failure = await ask(front.url, { dispatcher, authorization, chatId });
      if (failure) failures.push(failure);
      else answered += 1;
      await systemClock.sleep(PAUSE_MS);
    }
  });
  const moreAnswers = async (more: number) => {
    const before = answered;
    await until('more requests are answered', () => answered + failures.length >= before + more);
  };
  await moreAnswers(20);
  for (const i of [0, 1]) {
    await Promise.all([
      restart(subgraphs[i], () => start.subgraph(ports.subgraphs[i] ?? 0)),
      restart(gateways[i], () => start.gateway(ports.gateways[i] ?? 0, behind.url)),
    ]);
    await until(
      'both gateways are ready, and both database subgraphs',
      () => front.countReady() === 2 && behind.countReady() === 2,
    );
  }
  await moreAnswers(20);
  sending = false;
  await Promise.all(clients);
  await dispatcher.close();
  expect(failures).toEqual([]);
  expect(answered).toBeGreaterThan(100);
  expect([...front.given, ...behind.given].filter((connections) => connections === 0)).toEqual([]);
});

interface Asking {
  readonly dispatcher: Agent;
  readonly authorization: string;
  readonly chatId: string;
}

/** Undefined: answered, whole. */
async function ask(url: string, { dispatcher, authorization, chatId }: Asking): Promise<string | undefined> {
  try {
    const { statusCode, body } = await request(`${url}/graphql`, {
      dispatcher,
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization },
      body: JSON.stringify({ query: `{ chatDebugSnapshot(chatId: "${chatId}") { chatId database { status } } }` }),
    });
    const text = await body.text();
    const whole = JSON.stringify({ data: { chatDebugSnapshot: { chatId, database: { status: 'waiting' } } } });
    return statusCode === 200 && text.trim() === whole ? undefined : `${statusCode} ${text}`;
  } catch (error) {
    return String(error);
  }
}
