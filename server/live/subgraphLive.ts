/** Live views of a subgraph, for a foreign gateway: they hold the subgraph's own fields and keys. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Registry } from 'prom-client';
import type { Clock } from '../../common/clock.ts';
import type { Drain } from '../drain.ts';
import type { Answering, WithRequestId } from '../graphql/answering.ts';
import type { Authorize } from '../graphql/authorize.ts';
import type { OpenStream } from '../graphql/edge.ts';
import type { Logger } from '../log.ts';
import type { Caller } from '../tokens/internalToken.ts';
import { type LiveOptions, makeLive } from './live.ts';
import { makeLiveMetrics } from './metrics.ts';
import { makeSubscriptions } from './subscriptions.ts';

/** Live views that a subgraph gives. */
export interface SubgraphLive<C> extends Pick<LiveOptions, 'limits' | 'follow'> {
  /** Makes the context of one look. */
  readonly newContext: (caller: Caller, requestId: string) => C;
}

interface SubgraphLiveOptions<C extends WithRequestId> {
  readonly answering: Answering<C>;
  readonly live: SubgraphLive<C>;
  readonly authorize: Authorize;
  readonly callerOf: (request: FastifyRequest) => Caller;
  readonly drain: Drain;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Operations are a foreign gateway's, and have any names. */
const noName = () => 'other';

/** @param app server that the streams end with */
export function openSubgraphStreams<C extends WithRequestId>(
  app: FastifyInstance,
  { answering, live, authorize, callerOf, drain, registry, clock, log }: SubgraphLiveOptions<C>,
): OpenStream<C> {
  const subscriptions = makeSubscriptions(answering.schema);
  const { openStream, ...streams } = makeLive<C>({
    ...{ ...live, callerOf, identify: authorize, clock, log },
    read: async (question) => subscriptions.read(question),
    look: async (watch, { caller, requestId }) => {
      const { text: query, variables } = watch;
      const answered = await answering.answer({ query, variables }, live.newContext(caller, requestId));
      return answered && { body: answered.body, isSame: subscriptions.isSame(watch) };
    },
    metrics: makeLiveMetrics(registry, noName),
  });
  drain.onBegin(streams.drain);
  app.addHook('preClose', async () => streams.close());
  return openStream;
}
