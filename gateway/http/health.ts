/**
 * `/livez`: the process runs. `/readyz`: it can answer; if not, each part that is not ready and why, a line each, without
 * addresses. No replica has a say in it: a dead one costs its own chats, and every gateway has the same ones. Nor has the
 * directory of replicas, which is read when it is needed.
 */
import type { FastifyInstance } from 'fastify';
import { sharedCall } from '../../common/sharedCall.ts';
import type { DatabaseSubgraph } from '../../routing/transport/databaseSubgraph.ts';
import { readyWith } from '../../server/graphql/serve.ts';
import type { Logger } from '../../server/log.ts';

export interface HealthOptions {
  readonly database: Pick<DatabaseSubgraph, 'notReady' | 'note'>;
  readonly isDraining: () => boolean;
  /** Told when the answer changes, and not at each probe. */
  readonly log: Logger;
}

export function registerHealth(app: FastifyInstance, options: HealthOptions): void {
  const database = sharedCall(() => options.database.notReady());
  let told: string | undefined;
  app.get('/livez', async () => 'ok');
  app.get('/readyz', async (_request, reply) => {
    const reason = options.isDraining() ? 'stopping' : await database();
    if (reason !== told) {
      if (reason === undefined) options.log.info('ready again');
      else options.log.warn({ reason }, 'not ready');
      told = reason;
    }
    return reply.code(reason === undefined ? 200 : 503).send(reason ?? readyWith(options.database.note?.()));
  });
}
