/**
 * The metric `chat_debug_suspects`: number of chats in apparent trouble, by finding, for alerts.
 * They are read in the background while somebody asks for metrics, at most every ten seconds.
 * `/metrics` needs no token, so its readers must not be able to make work.
 */
import { Gauge, type Registry } from 'prom-client';
import * as z from 'zod';
import type { Clock } from '../../common/clock.ts';
import type { RoutingContext } from '../../routing/ask/routingContext.ts';
import type { Logger } from '../../server/log.ts';
import type { Queries } from '../queries/answer.ts';

const REFRESH_MS = 10_000;
const PAGE = 100;
/** Pages that are read. A thousand suspects are one incident; a larger number would change nothing. */
const MAX_PAGES = 10;

const QUESTION = `query Suspects($after: String) {
  chats(filter: { suspect: true }, first: ${PAGE}, after: $after) {
    edges { node { diagnosis { findings { code severity } } } }
    pageInfo { hasNextPage endCursor }
  }
}`;

/** Worst finding of one suspect. `NONE`: nothing is wrong with it, or nothing that is known. */
interface Reason {
  readonly reason: string;
  readonly severity: string;
}
const NOTHING: Reason = { reason: 'NONE', severity: 'NONE' };

const answer = z.object({
  chats: z.object({
    edges: z.array(
      z.object({
        node: z.object({
          diagnosis: z.object({ findings: z.array(z.object({ code: z.string(), severity: z.string() })) }),
        }),
      }),
    ),
    pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
  }),
});

type Page = z.infer<typeof answer>['chats'];

/** @throws if a page cannot be read whole: half a count would be a wrong one */
export async function readSuspects({ ask }: Queries, newContext: () => RoutingContext): Promise<Reason[]> {
  const reasons: Reason[] = [];
  let after: string | null = null;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const { body } = await ask(QUESTION, { after }, newContext());
    const { edges, pageInfo }: Page = answer.parse(body.data).chats;
    for (const { node } of edges) {
      const worst = node.diagnosis.findings[0];
      reasons.push(worst ? { reason: worst.code, severity: worst.severity } : NOTHING);
    }
    if (!pageInfo.hasNextPage) break;
    after = pageInfo.endCursor;
  }
  return reasons;
}

interface SuspectGaugeOptions {
  readonly read: () => Promise<readonly Reason[]>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Adds the gauge to `registry`. It has no series before the first reading, nor after a failed one. */
export function makeSuspectGauge(registry: Registry, { read, clock, log }: SuspectGaugeOptions): void {
  let begunMs = Number.NEGATIVE_INFINITY;
  let running = false;
  const refresh = async (): Promise<void> => {
    begunMs = clock.monotonicMs();
    running = true;
    try {
      const reasons = await read();
      gauge.reset();
      for (const { reason, severity } of reasons) gauge.inc({ reason, severity });
    } catch (err) {
      gauge.reset();
      log.warn({ err }, 'the suspects could not be counted');
    } finally {
      running = false;
    }
  };
  const gauge = new Gauge({
    name: 'chat_debug_suspects',
    help: 'Suspect chats by the code and severity of their worst finding, the 1000 oldest; as of the scrape before',
    labelNames: ['reason', 'severity'],
    registers: [registry],
    collect: () => {
      if (!running && clock.monotonicMs() - begunMs >= REFRESH_MS) void refresh();
    },
  });
}
