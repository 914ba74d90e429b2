/** What a process is that answers every request with JSON, and ends with its parent. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock as clock } from '../../common/clock.ts';
import { makeApp } from '../../server/app.ts';
import { Refusal } from '../../server/graphql/answer.ts';
import { announceReady } from '../../server/lifecycle.ts';
import { makeLogger } from '../../server/log.ts';
import { recordOf } from '../../server/requests.ts';
import { makeCallerCheck } from '../../server/tokens/callerToken.ts';
import { bearerToken } from '../../server/tokens/internalToken.ts';

const MAX_BODY_BYTES = 100_000;

/** Makes the body of an answer from that of a request. */
type Handle = (body: string) => Promise<string>;

/** @param authSecret secret of callers' tokens; the answers are given behind our own edge. Undefined: by Node's server alone */
export const answerAll = (handle: Handle, authSecret?: string): Promise<void> =>
  authSecret === undefined ? answerBare(handle) : answerBehindEdge(handle, authSecret);

async function answerBare(handle: Handle): Promise<void> {
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
  ready(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

/**
 * Answers as a gateway has to that does nothing between its HTTP edge and its calls: with Fastify, a limit of size, the
 * caller's token, a request id, and a line in the log. What it makes is the limit of every gateway with this edge.
 */
async function answerBehindEdge(handle: Handle, authSecret: string): Promise<void> {
  const log = makeLogger('handler', 'info');
  const check = makeCallerCheck({ authSecret }, { clock, log });
  const { app, listen } = makeApp({
    ...{ maxBodyBytes: MAX_BODY_BYTES, givesIds: true, clock, log },
    isNoted: () => true,
    observe: () => {},
  });
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  app.post('/graphql', async (request, reply) => {
    const caller = await check(bearerToken(request.headers.authorization) ?? '');
    if (caller instanceof Refusal) throw caller;
    recordOf(request).caller = caller;
    return reply.type('application/json; charset=utf-8').send(await handle(request.body as string));
  });
  const { url } = await listen({ host: '127.0.0.1', port: 0 }, async () => {});
  ready(url);
}

function ready(url: string): void {
  process.once('disconnect', () => process.exit(0));
  announceReady({ url });
}
