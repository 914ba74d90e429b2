/**
 * The pages for an orchestrator and a scraper, without a token. None tells of a chat.
 *
 * - `/livez`: the process runs.
 * - `/readyz`: it can answer. If not, a line for each part that is not ready says why, without addresses.
 * - `/metrics`: metrics for Prometheus.
 */
import type { FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';
import { sharedCall } from '../common/sharedCall.ts';
import type { Drain } from './drain.ts';
import type { Logger } from './log.ts';
import { metricsText } from './metrics.ts';

const PROBES = ['/livez', '/readyz', '/metrics'];

export const isProbe = ({ routeOptions }: { readonly routeOptions: { readonly url?: string | undefined } }): boolean =>
  routeOptions.url !== undefined && PROBES.includes(routeOptions.url);

/** Health of a server, in its own words. */
export interface Health {
  /** Reason why it is not ready, without addresses; undefined: it can answer now. It is asked once at a time. */
  readonly notReady: () => string | undefined | Promise<string | undefined>;
  /** Unanswered parts of a ready server, as far as they were looked at; undefined: none. */
  readonly note?: (() => string | undefined) | undefined;
}

interface ProbeOptions extends Health {
  readonly drain: Drain;
  /** Metrics of the server itself. */
  readonly registry: Registry;
  /** Log that is told when the answer changes, and not at each probe. */
  readonly log: Logger;
}

export function registerProbes(app: FastifyInstance, { notReady, note, drain, registry, log }: ProbeOptions): void {
  const whyNot = sharedCall(async () => notReady());
  let told: string | undefined;
  app.get('/livez', async () => 'ok');
  app.get('/readyz', async (_request, reply) => {
    const reason = drain.hasBegun ? 'stopping' : await whyNot();
    if (reason !== told) {
      if (reason === undefined) log.info('ready again');
      else log.warn({ reason }, 'not ready');
      told = reason;
    }
    return reply.code(reason === undefined ? 200 : 503).send(reason ?? readyWith(note?.()));
  });
  app.get('/metrics', async (_request, reply) =>
    reply.header('content-type', registry.contentType).send(await metricsText(registry)),
  );
}

/** `ok`, and below it the unanswered parts. */
const readyWith = (note: string | undefined): string => (note === undefined ? 'ok' : `ok\n${note}`);
