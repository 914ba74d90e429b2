/** Live views: subscriptions over HTTP, answered by looking again and again. */
import { randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../common/clock.ts';
import { Stop, type StopSignal } from '../../common/stopSignal.ts';
import { authenticationUnavailable, Refusal } from '../graphql/answer.ts';
import { wordRefusal } from '../graphql/apolloWords.ts';
import type { OpenStream } from '../graphql/edge.ts';
import { maskError } from '../graphql/errors.ts';
import { type Question, readQuestion } from '../graphql/question.ts';
import type { Logger } from '../log.ts';
import { type RequestRecord, recordOf } from '../requests.ts';
import type { Caller } from '../tokens/internalToken.ts';
import { Admission, type AdmissionLimits } from './admission.ts';
import { type EndCode, STOPPING } from './ends.ts';
import { type Framing, framingFor } from './framings.ts';
import { LiveStream } from './liveStream.ts';
import type { LiveMetrics } from './metrics.ts';
import { OpenStreams } from './openStreams.ts';
import { type FollowChanges, WakeUps } from './wakeUps.ts';
import type { Look, Watch } from './watch.ts';
import { Watches } from './watches.ts';

export interface LiveOptions {
  /** Reads a question as a subscription. `query`: it is one, to be answered once. Undefined: it is not valid. */
  readonly read: (
    question: Question,
    caller: Caller,
    record: RequestRecord,
  ) => Promise<Watch | Refusal | 'query' | undefined>;
  /** Asks the query of a watch. Undefined: it is not valid any more. */
  readonly look: (watch: Watch, asking: LookAs) => Promise<Look | undefined>;
  /** Caller of a request that was let in. */
  readonly callerOf: (request: FastifyRequest) => Caller;
  /** Identifies that caller again, now. */
  readonly identify: (request: FastifyRequest) => Caller | Refusal | Promise<Caller | Refusal>;
  readonly limits: AdmissionLimits;
  /** Begins to tell of changes of chats. Undefined: nobody does. */
  readonly follow?: FollowChanges | undefined;
  readonly metrics: LiveMetrics;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Circumstances of one look. */
interface LookAs {
  readonly caller: Caller;
  readonly requestId: string;
  /** Aborts when nobody watches any more. */
  readonly signal: StopSignal;
}

interface Live<C> {
  readonly openStream: OpenStream<C>;
  /** Ends the streams one after another, within some seconds, and takes no more. */
  drain(): void;
  /** Ends all streams now. */
  close(): void;
}

export function makeLive<C>(options: LiveOptions): Live<C> {
  const { callerOf, identify, metrics, clock, log } = options;
  const admission = new Admission(options.limits);
  const open = new OpenStreams(clock);

  const look = async (watch: Watch, caller: Caller, signal: StopSignal): Promise<Look | undefined> => {
    const requestId = randomUUID();
    try {
      return await options.look(watch, { caller, requestId, signal });
    } catch (err) {
      log.error({ err, requestId }, 'a live view could not look');
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

  const begin = (
    request: FastifyRequest,
    reply: FastifyReply,
    framing: Framing,
    watch: Watch,
    caller: Caller,
  ): 'opened' | Refusal => {
    const leave = admission.enter(caller.sub, watch.everyMs);
    if (leave instanceof Refusal) return leave;
    const record = recordOf(request);
    record.streamEnd = 'CLIENT_GONE' satisfies EndCode; // it holds until something else ends the stream
    reply.hijack();
    for (const [name, value = ''] of Object.entries(reply.getHeaders())) reply.raw.setHeader(name, value);
    reply.raw.writeHead(200, { ...HEADERS, 'content-type': framing.contentType });
    reply.raw.flushHeaders();
    metrics.streamOpened(record.operation);
    const ended = new Stop(); // perhaps before it has joined: the caller is identified again at once
    const stream = new LiveStream({
      ...{ response: reply.raw, framing, clock, onSkipped: metrics.skipped },
      identify: () => identified(request),
      onEnd: (code) => {
        record.streamEnd = code;
        metrics.streamEnded(record.operation, code);
        leave();
        open.delete(stream);
        ended.abort();
      },
    });
    open.add(stream);
    const part = watches.join(watch, caller, stream);
    if (ended.aborted) part();
    else ended.addEventListener('abort', part);
    return 'opened';
  };

  return {
    openStream: async (request, reply, service, context) => {
      const framing = framingFor(request.headers.accept);
      if (!framing) return undefined;
      const question = readQuestion(request);
      const caller = callerOf(request);
      const watch = question && (await options.read(question, caller, recordOf(request)));
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
