/** `/livez`: the process runs. `/readyz`: it can answer; if not, why not, in words without addresses. */
import type { FastifyInstance } from 'fastify';
import { type Dispatcher, request } from 'undici';
import { deadlineSignal } from '../common/clock.ts';

export interface HealthOptions {
  readonly dispatcher: Dispatcher;
  /** The GraphQL endpoint of the database subgraph; its readiness is beside it. */
  readonly databaseSubgraphUrl: URL;
  readonly timeoutMs: number;
  readonly isDraining: () => boolean;
}

export function registerHealth(app: FastifyInstance, options: HealthOptions): void {
  app.get('/livez', async () => 'ok');
  app.get('/readyz', async (_request, reply) => {
    const reason = options.isDraining() ? 'stopping' : await databaseNotReady(options);
    return reply.code(reason === undefined ? 200 : 503).send(reason ?? 'ok');
  });
}

async function databaseNotReady({ dispatcher, databaseSubgraphUrl, timeoutMs }: HealthOptions) {
  const deadline = deadlineSignal(timeoutMs);
  try {
    const url = new URL('readyz', databaseSubgraphUrl);
    const { statusCode, body } = await request(url, { dispatcher, signal: deadline.signal });
    await body.dump();
    return statusCode === 200 ? undefined : 'the database subgraph is not ready';
  } catch {
    return 'the database subgraph does not answer';
  } finally {
    deadline.clear();
  }
}
