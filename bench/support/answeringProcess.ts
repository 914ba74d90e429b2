/** What a process is that answers every request with JSON, and ends with its parent. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { announceReady } from '../../server/lifecycle.ts';

/** @param handle is given the body of a request, and makes that of its answer */
export async function answerAll(handle: (body: string) => Promise<string>): Promise<void> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', async () => {
      const text = await handle(Buffer.concat(chunks).toString());
      response
        .writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
        .end(text);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.once('disconnect', () => process.exit(0));
  announceReady({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}
