/** Workers that are not this project's, for tests: the SDK behind a plain HTTP server. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from '@jest/globals';
import { type ChatDebug, type ChatDebugOptions, chatDebug } from '../../sdk/worker.ts';
import { INTERNAL_SECRET } from '../gateway/gateways.ts';

interface ForeignWorker {
  readonly debug: ChatDebug;
  readonly url: string;
}

/** Call at the top of a test file. What is started is closed after each test. */
export function workersPerTest() {
  const closing: (() => unknown)[] = [];
  afterEach(() => {
    for (const close of closing.splice(0)) close();
  });
  const listen = async (listener: RequestListener): Promise<string> => {
    const server = createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => {
      server.close();
      server.closeAllConnections();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  return {
    listen,
    startWorker: async (options: ChatDebugOptions = {}): Promise<ForeignWorker> => {
      const debug = chatDebug({ internalSecret: INTERNAL_SECRET, ...options });
      return { debug, url: await listen(debug.handler) };
    },
  };
}
