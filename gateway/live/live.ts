/** Live views: subscriptions over HTTP, answered by looking again and again. */
import { randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../common/clock.ts';
import type { StopSignal } from '../../common/stopSignal.ts';
import type { RoutingContext } from '../../routing/ask/routingContext.ts';
import { authenticationUnavailable, Refusal } from '../../server/graphql/answer.ts';
import { wordRefusal } from '../../server/graphql/apolloWords.ts';
import type { OpenStream } from '../../server/graphql/edge.ts';
import { maskError } from '../../server/graphql/errors.ts';
import { readQuestion } from '../../server/graphql/question.ts';
import type { Logger } from '../../server/log.ts';
import { recordOf } from '../../server/requests.ts';
import type { Caller } from '../../server/tokens/internalToken.ts';
import type { Look, Queries } from '../queries/answer.ts';
import type { Watch } from '../queries/watch.ts';
import { Admission, type AdmissionLimits } from './admission.ts';
import { type EndCode, STOPPING } from './ends.ts';
import { type Framing, framingFor } from './framings.ts';
import { LiveStream } from './liveStream.ts';
import type { LiveMetrics } from './metrics.ts';
import { OpenStreams } from './openStreams.ts';
import { type FollowChanges, WakeUps } from './wakeUps.ts';
import { Watches } from './watches.ts';

export interface LiveOptions {
  /** Runs with the supergraph in use. */
  readonly use: <T>(run: (served: { queries: Queries }) => Promise<T>) => Promise<T>;
  /** Identifies the caller of a request, now. */
  readonly identify: (request: FastifyRequest) => Caller | Refusal | Promise<Caller | Refusal>;
  /** Makes what a context needs for one look. */
  readonly newRequest: () => Pick<RoutingContext, 'budget' | 'asked'>;
  readonly limits: AdmissionLimits;
  /** Begins to tell of changes of chats. Undefined: nobody does. */
  readonly follow: FollowChanges | undefined;
  readonly metrics: LiveMetrics;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Live {
  readonly openStream: OpenStream<RoutingContext>;
  /** Ends the streams one after another, within some seconds, and takes no more. */
  drain(): void;
  /** Ends all streams now. */
  close(): void;
}

export function makeLive(options: LiveOptions): Live {
  const { use, identify, newRequest, metrics, clock, log } = options;
  const admission = new Admission(options.limits);
  const open = new OpenStreams(clock);

  const look = async (watch: Watch, caller: Caller, signal: StopSignal): Promise<Look | undefined> => {
    const context = { ...newRequest(), caller, signal, requestId: randomUUID() };
    try {
      return await use(({ queries }) => queries.look(watch, context));
    } catch (err) {
      log.error({ err, requestId: context.requestId }, 'a live view could not look');
      return { body: { errors: [maskError({ message: '' })], data: null }, isSame: () => false };
    }
  };
  const watches: Watches = new Watches({ look, onLooked: metrics.looked, onChanged: () => wakeUps.refresh(), clock });
  const wakeUps = new WakeUps(options.follow, watches, metrics.wokenUp);
  metrics.showLoops(() => watches.size);
  metrics.showWoken(() => wakeUps.isConnected);

  const unidentified = (err: unknown) => {
    log.error({ err }, 'the caller of a live view could not be identified');
    return authenticationUnavailable();
  };
  const identified: typeof identify = (request) => {
    const who = identify(request);
    return who instanceof Promise ? who.catch(unidentified) : who;
  };

  const begin = (request: FastifyRequest, reply: FastifyReply, framing: Framing, watch: Watch, caller: Caller) => {
    const leave = admission.enter(caller.sub, watch.everyMs);
    if (leave instanceof Refusal) return leave;
    const record = recordOf(request);
    record.streamEnd = 'CLIENT_GONE' satisfies EndCode; // until something else ends it
    reply.hijack();
    reply.raw.writeHead(200, { ...reply.getHeaders(), ...HEADERS, 'content-type': framing.contentType });
    reply.raw.flushHeaders();
    metrics.streamOpened(record.operation);
    const stream = new LiveStream({
      ...{ response: reply.raw, framing, clock, onSkipped: metrics.skipped },
      identify: () => identified(request),
      onEnd: (code) => {
        record.streamEnd = code;
        metrics.streamEnded(record.operation, code);
        leave();
        open.delete(stream);
        part();
      },
    });
    open.add(stream);
    const part = watches.join(watch, caller, stream);
    return 'opened';
  };

  return {
    openStream: async (request, reply, service, context) => {
      const framing = framingFor(request.headers.accept);
      if (!framing) return undefined;
      const question = readQuestion(request);
      const { caller } = context;
      const watch = await use(async ({ queries }) => question && queries.watch(question, caller, recordOf(request)));
      if (watch === 'query') return undefined;
      if (!watch) return wordRefusal(service.apollo, asJson(request), context);
      if (watch instanceof Refusal) return watch;
      return open.isClosing || reply.raw.destroyed ? notNow() : begin(request, reply, framing, watch, caller);
    },
    drain: () => open.drain(),
    close: () => open.close(),
  };
}

/** No proxy may hold events back (`X-Accel-Buffering` of nginx), and no cache may keep them. */
const HEADERS = { 'cache-control': 'no-store', 'x-accel-buffering': 'no' };

/** Request as if its client accepted JSON, in which refusals are told. */
const asJson = ({ method, url, body, headers }: FastifyRequest) => ({
  ...{ method, url, body },
  headers: { ...headers, accept: 'application/json' },
});

const notNow = () => new Refusal(503, STOPPING.code, STOPPING.message, { headers: { 'retry-after': '1' } });
