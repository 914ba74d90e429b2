/** Effects on clients of a gateway whose process is told to end. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, jest, test } from '@jest/globals';
import { Agent, request } from 'undici';
import { systemClock } from '../../common/clock.ts';
import { RETIRE_MS } from '../../server/lifecycle.ts';
import { serverProcessesPerTest } from '../support/serverProcess.ts';
import { until } from '../support/until.ts';
import { AUTH_SECRET, callerToken, INTERNAL_SECRET } from './gateways.ts';
import { sendJson, serversPerTest } from './httpServers.ts';

jest.setTimeout(60_000);

const CHAT = 'cccccccc-0000-4000-8000-000000000001';
const CLIENTS = 8;
const SLOW_MS = 300;

const servers = serversPerTest();
const startProcess = serverProcessesPerTest();

/** A gateway in front of a slow database subgraph that knows no chat. */
async function start() {
  let running = 0;
  const database = await servers.serve(async (response, { method }) => {
    if (method === 'GET') return void response.end('ok');
    running += 1;
    await systemClock.sleep(SLOW_MS);
    running -= 1;
    sendJson(response, 200, { data: { chatDebugSnapshot: null } });
  });
  const gateway = await startProcess('dist/gateway.js', {
    PORT: '0',
    DATABASE_SUBGRAPH_URL: `${database.url}/graphql`,
    AUTH_SECRET,
    INTERNAL_SECRET,
    RATE_LIMIT_PER_MINUTE: '0',
  });
  return { gateway, running: () => running };
}

/** Asks over one kept connection; anything but a whole answer is thrown. @returns whether the connection is to be closed */
async function ask(url: string, dispatcher: Agent): Promise<boolean> {
  const { statusCode, headers, body } = await request(`${url}/graphql`, {
    dispatcher,
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${await callerToken()}` },
    body: JSON.stringify({ query: `{ chatDebugSnapshot(chatId: "${CHAT}") { chatId } }` }),
  });
  expect([statusCode, await body.json()]).toEqual([200, { data: { chatDebugSnapshot: null } }]);
  return headers.connection === 'close';
}

describe('a gateway that is told to end', () => {
  test('SIGTERM under steady load: not ready at once, every request is answered, then it is gone with exit code 0', async () => {
    const { gateway, running } = await start();
    const dispatcher = new Agent({ connections: CLIENTS });
    let sending = true;
    let [answered, asNotReady, toClose] = [0, 0, 0];
    let isReady = true;
    const clients = Array.from({ length: CLIENTS }, async () => {
      while (sending) {
        const sentWhileReady = isReady;
        if (await ask(gateway.url, dispatcher)) toClose += 1;
        answered += 1;
        if (!sentWhileReady) asNotReady += 1;
      }
    });
    await until('all clients wait for an answer', () => answered > 2 * CLIENTS && running() === CLIENTS); // all of them wait for an answer
    const toldMs = systemClock.monotonicMs();
    gateway.kill('SIGTERM');
    await until('the gateway says that it is stopping', async () => {
      const { statusCode, body } = await request(`${gateway.url}/readyz`);
      return (await body.text()).includes('stopping') && statusCode === 503;
    });
    isReady = false;
    await until('each client was answered twice by a gateway that is not ready', () => asNotReady > 2 * CLIENTS); // as a balancer's that has not noticed yet
    sending = false;
    await Promise.all(clients);
    expect(toClose).toBeGreaterThan(CLIENTS);
    expect(await gateway.ended).toBe(0);
    expect(systemClock.monotonicMs() - toldMs).toBeGreaterThan(RETIRE_MS - 100); // timers of Node may be early
    await expect(request(`${gateway.url}/livez`)).rejects.toThrow('ECONNREFUSED');
    await dispatcher.close();
  });

  test.each(['SIGINT', 'SIGTERM then SIGINT'])(
    '%s: finishes what runs and does not wait for a balancer',
    async (signals) => {
      const { gateway, running } = await start();
      const dispatcher = new Agent();
      const asked = ask(gateway.url, dispatcher);
      await until('one request runs', () => running() === 1);
      const silent = connect(Number(new URL(gateway.url).port), '127.0.0.1').on('error', () => {});
      await once(silent, 'connect'); // as a browser does that expects to need one soon
      const gone = once(silent, 'close');
      silent.resume();
      const begunMs = systemClock.monotonicMs();
      for (const signal of signals.split(' then ')) gateway.kill(signal as NodeJS.Signals);
      await asked;
      expect(await gateway.ended).toBe(0);
      expect(systemClock.monotonicMs() - begunMs).toBeLessThan(RETIRE_MS);
      await gone;
      await dispatcher.close();
    },
  );

  test('a client that went away with several requests unanswered on one connection does not hold it up', async () => {
    const { gateway, running } = await start();
    const port = Number(new URL(gateway.url).port);
    const body = JSON.stringify({ query: `{ chatDebugSnapshot(chatId: "${CHAT}") { chatId } }` });
    const head = ['POST /graphql HTTP/1.1', 'Host: a', `Authorization: Bearer ${await callerToken()}`];
    const lines = [...head, 'Content-Type: application/json', `Content-Length: ${body.length}`, '', body];
    const client = connect(port, '127.0.0.1', () => client.write(lines.join('\r\n').repeat(5)));
    await until('two requests run', () => running() > 1);
    client.destroy();
    await until('no request runs', () => running() === 0);
    const silent = connect(port, '127.0.0.1').on('error', () => {});
    await once(silent, 'connect');
    gateway.kill('SIGINT');
    expect(await gateway.ended).toBe(0);
    silent.destroy();
  });
});
