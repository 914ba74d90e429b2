/** The recorder: holds the lease, and reads on while it does. Another one waits to take over. */
import type { Pool } from 'pg';
import type { Clock } from '../../common/clock.ts';
import { databaseFailure } from '../../domain/databaseFailures.ts';
import type { Logger } from '../../server/log.ts';
import { type Loop, startLoop } from '../../server/loop.ts';
import { NoAnswer } from '../../server/processGateway.ts';
import type { Alerting } from './alerts/alerting.ts';
import { databaseTrouble } from './databaseTrouble.ts';
import type { Ask } from './gateway.ts';
import { LEASE_INTERVAL_SECONDS, type Lease, LeaseLost } from './lease.ts';
import type { RecorderMetrics } from './metrics.ts';
import { deleteOld } from './retention.ts';
import { runRound } from './round.ts';
import { UnknownTimes } from './unknownTimes.ts';

const CLEAN_UP_INTERVAL_SECONDS = 3_600;
/** Rest after a round that nothing but the interval ends, in durations of that round: many incidents take long to read. */
const RESTS = 4;

interface RecorderOptions {
  readonly pool: Pool;
  readonly lease: Lease;
  readonly ask: Ask;
  readonly metrics: RecorderMetrics;
  readonly alerting: Alerting;
  /** True if the webhook is told of incidents that open and close. */
  readonly tellsWebhook: boolean;
  readonly intervalSeconds: number;
  /** Days for which closed incidents are kept. */
  readonly retentionDays: number;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Recorder {
  /** Sentences on the lease, if it cannot be kept; undefined: it can, by this recorder or another one. */
  leaseTrouble(): string | undefined;
  /** Sentences on the last round, if it failed; undefined: it succeeded, or this recorder is not active. */
  roundTrouble(): string | undefined;
  /** Reads at once, or when this recorder has rested, if it is active: something has changed. */
  wake(): void;
  /** Reads no further, and gives the lease up. */
  stop(): Promise<void>;
}

export function startRecorder(options: RecorderOptions): Recorder {
  const { lease, metrics, alerting, clock, log } = options;
  const unknown = new UnknownTimes(clock);
  const stopping = new AbortController();
  const trouble: { lease?: string | undefined; round?: string | undefined } = {};
  const loop = (name: string, intervalSeconds: number, work: () => Promise<void>): Loop =>
    startLoop({ name, intervalSeconds, work, nameOf, clock, log });

  let isWoken = false; // whether it was woken since a round began
  let newest: object | undefined; // round that runs or is rested from
  const round = async () => {
    const { term } = lease;
    if (!term) return;
    isWoken = false;
    const self = {};
    newest = self;
    const beganMs = clock.monotonicMs();
    try {
      await runRound({ ...options, unknown, onNews: alerting.wake, signal: stopping.signal }, term);
      metrics.round('done');
      trouble.round = undefined;
    } catch (error) {
      if (stopping.signal.aborted) return;
      if (error instanceof LeaseLost) return log.info('the term is over: the rest of the round is not written');
      metrics.round('failed');
      trouble.round = sentencesOn(error);
      throw error;
    } finally {
      void clock.sleep(RESTS * (clock.monotonicMs() - beganMs), stopping.signal).then(() => {
        if (newest !== self) return; // another round has begun, on the interval
        newest = undefined;
        if (isWoken) rounds.wake();
      });
    }
  };
  const rounds = loop('rounds', options.intervalSeconds, round);
  let hasWaited = false;
  const leases = loop('lease', LEASE_INTERVAL_SECONDS, async () => {
    const wasActive = lease.term !== undefined;
    try {
      await lease.keep();
      trouble.lease = undefined;
    } catch (error) {
      trouble.lease = sentencesOn(error);
      throw error;
    }
    if (!lease.term) hasWaited = true;
    if (wasActive && !lease.term) log.info('another recorder has taken over');
    if (wasActive || !lease.term) return;
    log.info('this recorder is the active one');
    cleanUp.wake();
    alerting.wake();
    if (hasWaited) rounds.wake(); // else this process has just started, and the others perhaps with it
  });
  const cleanUp = loop('cleanUp', CLEAN_UP_INTERVAL_SECONDS, async () => {
    if (lease.term) await deleteOld(options.pool, lease.term, options.retentionDays);
  });
  return {
    leaseTrouble: () => trouble.lease,
    roundTrouble: () => (lease.term ? trouble.round : undefined),
    wake: () => {
      if (!lease.term) return;
      isWoken = true;
      if (!newest) rounds.wake();
    },
    stop: async () => {
      stopping.abort();
      await Promise.all([leases.stop(), rounds.stop(), cleanUp.stop(), alerting.stop()]);
      await lease.giveUp().catch((err: unknown) => log.warn({ err }, 'the lease could not be given up'));
    },
  };
}

/** Failure in a word, and for one of the database what it is and what to do. Defects have names of their own. */
const sentencesOn = (error: unknown): string =>
  error instanceof Error && /^(error|Error|AggregateError)$/.test(error.name)
    ? `(${nameOf(error)}). ${databaseTrouble(error)}`
    : `(${nameOf(error)}).`;

/** Names a failure in one word, without content. */
function nameOf(error: unknown): string {
  if (error instanceof NoAnswer) return error.code;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return databaseFailure(code)?.name ?? (code || (error instanceof Error ? error.name : 'Error'));
}
