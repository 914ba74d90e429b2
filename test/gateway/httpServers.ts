/** Real HTTP servers that misbehave as a test wants. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll, afterEach } from '@jest/globals';
import { systemClock } from '../../common/clock.ts';
import { freePort } from '../../local/ports.ts';
import { startTcpServer } from '../support/tcpServer.ts';

/** Request that a server received. */
interface Received {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: { query: string; variables: Record<string, unknown>; operationName?: string };
}

export interface TestServer {
  readonly url: string;
  /** Requests in the order in which they came. */
  readonly received: Received[];
}

type Handler = (response: ServerResponse, received: Received, request: IncomingMessage) => void;

/** Call at the top of a test file. What is started is closed after each test. */
export const serversPerTest = () => serversUntil(afterEach);

/** Call at the top of a test file. What is started is closed after its last test. */
export const serversPerFile = () => serversUntil(afterAll);

function serversUntil(end: (close: () => Promise<void>) => void) {
  const closing: (() => Promise<unknown>)[] = [];
  end(async () => {
    await Promise.all(closing.splice(0).map((close) => close()));
  });
  return {
    /** A server that reads each request to its end, then leaves the answer to `handler`. */
    serve: async (handler: Handler): Promise<TestServer> => {
      const received: Received[] = [];
      const server = createServer(async (request, response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk as Buffer);
        const { method, url, headers } = request;
        const text = Buffer.concat(chunks).toString();
        const seen = { method, url, headers, body: text ? JSON.parse(text) : undefined };
        received.push(seen);
        handler(response, seen, request);
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      closing.push(() => {
        const closed = once(server, 'close');
        server.close();
        server.closeAllConnections();
        return closed;
      });
      return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
    },
    /** Takes connections and never says a word, as a stopped process does. */
    hang: async (): Promise<{ url: string; connections: Socket[] }> => {
      const connections: Socket[] = [];
      const server = await startTcpServer((socket) => {
        connections.push(socket);
        socket.on('end', () => socket.end());
      });
      closing.push(() => server.close());
      return { url: `http://127.0.0.1:${server.port}`, connections };
    },
  };
}

/** An address at which nothing listens, and whose port no server is given that asks for any free one. */
export async function deadUrl(): Promise<string> {
  return `http://127.0.0.1:${await freePort(systemClock)}`;
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}
