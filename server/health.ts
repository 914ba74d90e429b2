/**
 * What an orchestrator and a scraper ask of every server, without a token; nothing there tells of a chat. `/livez`: the process
 * runs. `/readyz`: it can answer; if not, each part that is not ready and why, a line each, without addresses. `/metrics`.
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

/** What a server says of itself. */
export interface Health {
  /** What it is not ready for, in words without addresses; undefined: it can answer now. Asked once at a time. */
  readonly notReady: () => string | undefined | Promise<string | undefined>;
  /** What is not answered though it is ready, once that was looked at; undefined: nothing. */
  readonly note?: (() => string | undefined) | undefined;
}

export interface ProbeOptions extends Health {
  readonly drain: Drain;
  /** What the server itself counts. */
  readonly registry: Registry;
  /** Told when the answer changes, and not at each probe. */
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

/** `ok`, and below it what is not answered. */
const readyWith = (note: string | undefined): string => (note === undefined ? 'ok' : `ok\n${note}`);
