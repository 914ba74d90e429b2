/**
 * OpenTelemetry traces: from the client's request to each replica and each question to the database.
 * They are off unless a process starts them: no SDK is loaded, no hook is set and no header is sent.
 * Names are those of the semantic conventions.
 *
 * Traces leave the system for a collector. So no attribute holds a token, a variable, SQL, or the id of a chat or a
 * caller.
 * The id of the request leads to the log, and the id of a replica belongs to no person.
 */
import {
  type Attributes,
  type Context,
  context,
  INVALID_SPAN_CONTEXT,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Clock } from '../common/clock.ts';
import { isProbe } from './health.ts';
import type { Stoppable } from './lifecycle.ts';
import type { Logger } from './log.ts';

export { type Span, SpanKind } from '@opentelemetry/api';

const TRACER = 'chat-debug-gateway';
/** Limit for a text in an attribute: the name of an operation is its client's. */
const MAX_ATTRIBUTE_CHARACTERS = 200;
/** Milliseconds for the last spans, within what a process has to stop. */
const FLUSH_LIMIT_MS = 1_000;
const EXPORT_LIMIT_MS = 5_000;
const NOT_RECORDED = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);

let isOn = false;

/** Sender of this process's spans. */
interface Tracing {
  /**
   * Wraps a server so that the last spans are sent after its stop. That may take a second; what an absent collector
   * lacks then is lost.
   */
  around(server: Stoppable): Stoppable;
}

interface TracingOptions {
  /** Name of the process: `gateway`, `database`, `replica`. */
  readonly service: string;
  /** Endpoint of OTLP over HTTP with JSON; `/v1/traces` is added. Undefined: no traces. */
  readonly endpoint: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Starts tracing. Call it once in a process, before any server starts. */
export async function startTracing({ service, endpoint, clock, log }: TracingOptions): Promise<Tracing> {
  if (endpoint === undefined) return { around: (server) => server };
  const { BatchSpanProcessor, NodeTracerProvider, OTLPTraceExporter } = await import('./tracingSdk.ts');
  const url = `${endpoint.replace(/\/+$/, '')}/v1/traces`;
  const exporter = new OTLPTraceExporter({ url, timeoutMillis: EXPORT_LIMIT_MS });
  const resource = {
    attributes: { 'service.name': `${TRACER}.${service}`, 'process.pid': process.pid },
    merge: () => resource,
    getRawAttributes: () => Object.entries(resource.attributes),
  };
  const provider = new NodeTracerProvider({
    resource: resource as never, // its type is in a package that only the SDK depends on
    spanProcessors: [new BatchSpanProcessor(tellingFailures(exporter, log), { scheduledDelayMillis: 1_000 })],
    spanLimits: { attributeValueLengthLimit: MAX_ATTRIBUTE_CHARACTERS },
  });
  provider.register();
  isOn = true;
  const flush = async () => {
    const flushed = new AbortController();
    const sent = provider.shutdown().catch(() => {}); // the exporter has told
    await Promise.race([sent.finally(() => flushed.abort()), clock.sleep(FLUSH_LIMIT_MS, flushed.signal)]);
  };
  return {
    around: (server) => ({
      retire: async () => server.retire?.(),
      stop: () => server.stop().finally(flush),
    }),
  };
}

/** Runs `work` in a span of its own, inside the current one. If it throws, the span says that it failed, not why. */
export function inSpan<T>(
  name: string,
  options: { kind: SpanKind; attributes: Attributes },
  work: (span: Span) => Promise<T>,
): Promise<T> {
  if (!isOn) return work(NOT_RECORDED);
  return trace.getTracer(TRACER).startActiveSpan(name, options, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      spanFailed(span);
      throw error;
    } finally {
      span.end();
    }
  });
}

/** Marks a span whose work did not give what it should. */
export const spanFailed = (span: Span): void => void span.setStatus({ code: SpanStatusCode.ERROR });

/** Span of the current request; where nothing is traced, one that forgets its attributes. */
export const currentSpan = (): Span => trace.getActiveSpan() ?? NOT_RECORDED;

/** Headers (W3C Trace Context) that let the receiver of a request continue the current trace; none when traces are off. */
export function traceHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  if (isOn) propagation.inject(context.active(), headers);
  return headers;
}

/** Puts each request into a span, in the trace that the client names. Call it before any route is added. */
export function traceRequests(app: FastifyInstance, attributesOf: (request: FastifyRequest) => Attributes): void {
  if (!isOn) return;
  const contexts = new WeakMap<FastifyRequest, Context>();
  app.addHook('onRequest', async (request, reply) => {
    const { method, routeOptions, headers } = request;
    if (isProbe(request)) return;
    const { traceparent, tracestate } = headers; // and no baggage: it would travel on to every replica
    const parent = propagation.extract(ROOT_CONTEXT, { traceparent, tracestate });
    const route = routeOptions.url ?? 'unknown';
    const attributes = { 'http.request.method': method, 'http.route': route, ...attributesOf(request) };
    const span = trace.getTracer(TRACER).startSpan(`${method} ${route}`, { kind: SpanKind.SERVER, attributes }, parent);
    contexts.set(request, trace.setSpan(parent, span));
    reply.raw.once('close', () => {
      span.setAttribute('http.response.status_code', reply.statusCode);
      if (reply.statusCode >= 500) spanFailed(span);
      span.end();
    });
  });
  // No earlier hook will do: the body is read by events of the connection, which belong to no request.
  app.addHook('preValidation', (request, _reply, done) => {
    context.with(contexts.get(request) ?? ROOT_CONTEXT, done);
  });
}

type Exporter = InstanceType<typeof import('@opentelemetry/exporter-trace-otlp-http').OTLPTraceExporter>;

/** Logs one line when spans begin to be lost, and one when they no longer are. */
function tellingFailures(exporter: Exporter, log: Logger): Pick<Exporter, 'export' | 'shutdown' | 'forceFlush'> {
  let failing = false;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.code !== 0 && !failing) log.warn({ reason: result.error?.message }, 'traces cannot be delivered');
        if (result.code === 0 && failing) log.warn('traces are delivered again');
        failing = result.code !== 0;
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush(),
  };
}
