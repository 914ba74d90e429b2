/** One round of the recorder: every chat in trouble is read, and what became of its incident is written. */
import type { Pool } from 'pg';
import type { Clock } from '../../common/clock.ts';
import { statusOf } from '../../domain/incidents/alert.ts';
import { judgeReading, type Reading } from '../../domain/incidents/reading.ts';
import { type BundleReason, type BundlesSoFar, bundleReasonOf, stepOf } from '../../domain/incidents/step.ts';
import type { Logger } from '../../server/log.ts';
import { NoAnswer } from '../../server/processGateway.ts';
import type { Ask } from './gateway.ts';
import { type KnownIncident, newestIncidents, openIncidents } from './incidents.ts';
import type { Term } from './lease.ts';
import type { RecorderMetrics } from './metrics.ts';
import { listSuspects, readChats } from './readChats.ts';
import { takeBundle } from './takeBundle.ts';
import type { UnknownTimes } from './unknownTimes.ts';
import { type Bundled, writeStep } from './writeStep.ts';

/** Bundles of one round at most, whether they are answered or not. Later rounds take the others. */
const MOST_BUNDLES = 20;

interface RoundOptions {
  readonly pool: Pool;
  readonly ask: Ask;
  readonly unknown: UnknownTimes;
  readonly metrics: RecorderMetrics;
  readonly clock: Clock;
  readonly log: Logger;
  /** True if the webhook is told of incidents that open and close. */
  readonly tellsWebhook: boolean;
  /** Called when incidents have opened or closed. */
  readonly onNews: () => void;
  /** Ends the round between two chats. */
  readonly signal: AbortSignal;
}

/**
 * Reads suspects, and chats of open incidents, which may be well by now.
 * @throws NoAnswer if the gateway does not answer, LeaseLost if the term ends meanwhile
 */
export async function runRound(options: RoundOptions, term: Term): Promise<void> {
  const { pool, ask, unknown, metrics, signal } = options;
  const progress = { bundlesLeft: MOST_BUNDLES, hasNews: false };
  unknown.begin(term.number);
  const open = await openIncidents(pool);
  const ids = [...new Set([...(await listSuspects(ask)), ...open.map(({ chatId }) => chatId)])];
  unknown.keepOnly(ids);
  for await (const read of readChats(ask, ids, unknown)) {
    const incidents = await newestIncidents(pool, [...read.keys()]);
    try {
      for (const [chatId, reading] of read) {
        if (signal.aborted) return;
        metrics.read(reading ? judgeReading(reading).kind : 'gone');
        await takeStep({ ...options, progress }, term, { chatId, reading, incident: incidents.get(chatId) });
      }
    } finally {
      if (progress.hasNews) options.onNews();
      progress.hasNews = false;
    }
  }
  metrics.open(await openIncidents(pool));
}

/** Options of one round, and how far it is. */
interface OneRound extends RoundOptions {
  readonly progress: {
    /** Bundles that it may still take. */
    bundlesLeft: number;
    /** True if an alert is to be told of what was written since the last ones were told. */
    hasNews: boolean;
  };
}

interface Found {
  readonly chatId: string;
  readonly reading: Reading | null;
  readonly incident: KnownIncident | undefined;
}

async function takeStep(options: OneRound, term: Term, { chatId, reading, incident }: Found): Promise<void> {
  const step = stepOf(incident, reading);
  if (step.kind === 'none') return;
  const why = bundleReasonOf(step, incident ?? NO_BUNDLES);
  const bundled = why && (await bundleOf(options, chatId, why));
  const whose = { chatId, ownerId: reading?.ownerId ?? null, incident };
  await writeStep(options.pool, term, whose, step, { bundled, tellsWebhook: options.tellsWebhook });
  if (statusOf(step)) options.progress.hasNews = true;
}

const NO_BUNDLES: BundlesSoFar = { isBundled: false, bundleOwed: null };

/** Takes a bundle. An incident without one is better than none, and a later round takes it unless it is too large. */
async function bundleOf(
  { ask, clock, metrics, log, signal, progress }: OneRound,
  chatId: string,
  why: BundleReason,
): Promise<Bundled> {
  if (progress.bundlesLeft === 0) return { owed: why };
  progress.bundlesLeft -= 1;
  try {
    const text = await takeBundle(ask, chatId, clock.now());
    metrics.bundle(text === undefined ? 'too_large' : 'taken');
    return text === undefined ? {} : { stored: { why, text } };
  } catch (error) {
    if (!(error instanceof NoAnswer) || signal.aborted) throw error;
    metrics.bundle('not_answered');
    log.warn({ chatId, code: error.code }, 'the bundle of an incident could not be taken');
    return { owed: why };
  }
}
