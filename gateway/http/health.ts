/**
 * `/livez`: the process runs. `/readyz`: it can answer; if not, each part that is not ready and why, a line each, without
 * addresses. No replica has a say in it: a dead one costs its own chats, and every gateway has the same ones. Nor has the
 * directory of replicas, which is read when it is needed.
 */
import type { FastifyInstance } from 'fastify';
import { type Dispatcher, request } from 'undici';
import { deadlineSignal } from '../../common/clock.ts';
import type { Logger } from '../../common/log.ts';
import { sharedCall } from '../../common/sharedCall.ts';

export interface HealthOptions {
  readonly dispatcher: Dispatcher;
  /** The GraphQL endpoint of the database subgraph; its readiness is beside it. */
  readonly databaseSubgraphUrl: URL;
  readonly timeoutMs: number;
  readonly isDraining: () => boolean;
  /** Told when the answer changes, and not at each probe. */
  readonly log: Logger;
}

export function registerHealth(app: FastifyInstance, options: HealthOptions): void {
  const database = sharedCall(() => databaseNotReady(options));
  let told: string | undefined;
  app.get('/livez', async () => 'ok');
  app.get('/readyz', async (_request, reply) => {
    const reason = options.isDraining() ? 'stopping' : await database();
    if (reason !== told) {
      if (reason === undefined) options.log.info('ready again');
      else options.log.warn({ reason }, 'not ready');
      told = reason;
    }
    return reply.code(reason === undefined ? 200 : 503).send(reason ?? 'ok');
  });
}

/**
 * Why the database subgraph cannot be asked, in words without an address; undefined: it can. Its own reason is not passed on:
 * whatever answers at that address could have written it.
 */
export async function databaseNotReady({
  dispatcher,
  databaseSubgraphUrl,
  timeoutMs,
}: Pick<HealthOptions, 'dispatcher' | 'databaseSubgraphUrl' | 'timeoutMs'>): Promise<string | undefined> {
  const deadline = deadlineSignal(timeoutMs);
  try {
    const url = new URL('readyz', databaseSubgraphUrl);
    const { statusCode, body } = await request(url, { dispatcher, signal: deadline.signal });
    await body.dump();
    if (statusCode === 200) return undefined;
    return `database subgraph: not ready, HTTP ${statusCode}; it has no database, or is stopping`;
  } catch {
    const late = deadline.signal.aborted ? `within ${timeoutMs} ms` : 'at all';
    return `database subgraph: does not answer ${late}`;
  } finally {
    deadline.clear();
  }
}
