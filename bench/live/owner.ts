/** An owner of chats whose memory a bench changes: it answers what the gateway asks of a replica, and counts it. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Owner {
  readonly url: string;
  /** Requests so far. */
  asked(): number;
  /** Changes its memory. */
  set(partsBuffered: number): void;
  /** Dies: nobody listens any more. */
  die(): Promise<void>;
}

export async function startOwner(workerId: string): Promise<Owner> {
  let [parts, asked] = [0, 0];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      asked += 1;
      const { variables } = JSON.parse(Buffer.concat(chunks).toString());
      const entities = variables.representations.map((representation: object) => ({
        ...representation,
        ...{ localWorkerId: workerId, workerIdMatchesLocal: true, eventLoopDelayMs: 1 },
        ...{ runners: [], messageBuffers: [{ partsBuffered: parts }] },
      }));
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ data: { _entities: entities } }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: () => asked,
    set: (count) => {
      parts = count;
    },
    die: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
