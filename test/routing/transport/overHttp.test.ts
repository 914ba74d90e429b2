import { EventEmitter, once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { buildConnector } from 'undici';
import { makeDispatcher, overHttp } from '../../../routing/transport/overHttp.ts';
import { deadUrl, sendJson, serversPerTest } from '../../gateway/httpServers.ts';

const servers = serversPerTest();
const PEER = { internalSecret: 'a secret for this test alone, long enough', audience: 'database', peer: 'database' };
const QUESTION = { query: '{ __typename }' };
const caller = { sub: 'somebody', roles: [] };
const listening: Server[] = [];
afterEach(async () => {
  for (const server of listening.splice(0)) {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }
});

async function post(urls: string[]) {
  const dispatcher = makeDispatcher({ timeout: 5_000 });
  try {
    const replies = [];
    for (const url of urls) {
      const { signal } = new AbortController();
      replies.push(await overHttp({ ...PEER, dispatcher, url: new URL(url) })(QUESTION, { caller, signal }));
    }
    return replies;
  } finally {
    await dispatcher.destroy();
  }
}

describe('a kept connection that its server closes as a request is on its way', () => {
  test('costs nothing: the request is sent once more, on a new one', async () => {
    let connections = 0;
    let requests = 0;
    const server = createServer(({ socket }, response) => {
      requests += 1;
      if (requests === 2) socket.resetAndDestroy();
      else sendJson(response, 200, { data: {} });
    });
    server.on('connection', () => {
      connections += 1;
    });
    listening.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await post([url, url])).toMatchObject([
      { status: 'OK', httpStatus: 200 },
      { status: 'OK', httpStatus: 200 },
    ]);
    expect([connections, requests]).toEqual([2, 3]);
  });

  test('is not mistaken for a server that closes every connection, or is not there: that is told after one more try', async () => {
    const closing = await servers.serve((response) => response.destroy());
    expect(await post([closing.url])).toEqual([{ status: 'UNREACHABLE', what: 'UND_ERR_SOCKET' }]);
    expect(closing.received).toHaveLength(2);
    expect(await post([await deadUrl()])).toEqual([{ status: 'UNREACHABLE', what: 'ECONNREFUSED' }]);
  });

  test('an answer that breaks off is not asked for again', async () => {
    const cut = await servers.serve((response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 }).write('{', () => {
        response.destroy();
      });
    });
    expect(await post([cut.url])).toEqual([{ status: 'BAD_ANSWER', what: 'HTTP 200, application/json, cut short' }]);
    expect(cut.received).toHaveLength(1);
  });
});

describe('a request that nobody waits for any more', () => {
  function asked(url: string, dispatcher = makeDispatcher({ timeout: 5_000 })) {
    const ask = (signal: AbortSignal, timeoutMs?: number) =>
      overHttp({ ...PEER, dispatcher, url: new URL(url), ...(timeoutMs !== undefined && { timeoutMs }) })(QUESTION, {
        ...{ caller, signal },
      });
    return { ask, close: () => dispatcher.destroy() };
  }

  test.each([
    ['its signal', 60_000],
    ['its time limit', 5_000],
  ])('is given up by %s, and its server is told', async (by, timeoutMs) => {
    const controller = new AbortController();
    const server = new EventEmitter();
    const told = once(server, 'told');
    const { url } = await servers.serve((response) => {
      response.once('close', () => server.emit('told'));
      if (by === 'its signal') controller.abort();
    });
    const { ask, close } = asked(url);
    expect(await ask(controller.signal, timeoutMs)).toMatchObject({ status: 'TIMED_OUT' });
    await told;
    await close();
  });

  test('is not sent when there was no time from the start, or its signal had aborted', async () => {
    const { url, received } = await servers.serve((response) => sendJson(response, 200, {}));
    const { ask, close } = asked(url);
    expect(await ask(new AbortController().signal, 0)).toMatchObject({ status: 'TIMED_OUT' });
    expect(await ask(AbortSignal.abort(), 60_000)).toMatchObject({ status: 'TIMED_OUT' });
    await close();
    expect(received).toEqual([]);
  });

  test('is not sent by a connection that comes later', async () => {
    const controller = new AbortController();
    const { url, received } = await servers.serve((response) => sendJson(response, 200, {}));
    const dispatcher = makeDispatcher((options, callback) => {
      controller.abort();
      buildConnector({})(options, callback);
    });
    const { ask, close } = asked(url, dispatcher);
    expect(await ask(controller.signal)).toMatchObject({ status: 'TIMED_OUT' });
    expect(await ask(new AbortController().signal)).toMatchObject({ status: 'OK' });
    await close();
    expect(received).toHaveLength(1);
  });
});
