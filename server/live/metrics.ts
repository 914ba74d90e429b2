/** Metrics of live views. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { EndCode } from './ends.ts';
import type { LookReason } from './watchLoop.ts';

/** Buckets in seconds, around the targets of `docs/live.md`. */
const WAKE_UP_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

export interface LiveMetrics {
  /** Shows the number of loops whenever somebody asks. */
  showLoops(count: () => number): void;
  /** Shows whether the database tells of changes: 1, or 0 where only time makes a loop look. */
  showWoken(isWoken: () => boolean): void;
  streamOpened(operation: string | undefined): void;
  streamEnded(operation: string | undefined, code: EndCode): void;
  /** Counts a look. @param wokenMs milliseconds since its first wake-up */
  looked(why: LookReason, wokenMs: number | undefined): void;
  skipped(answers: number): void;
  wokenUp(loops: number): void;
}

/** @param labelOf label for the name of an operation, out of few */
export function makeLiveMetrics(registry: Registry, labelOf: (operation: string | undefined) => string): LiveMetrics {
  const registers = [registry];
  const streams = new Gauge({
    name: 'chat_debug_streams',
    help: 'Open streams of live views, by operation as in chat_debug_requests_total',
    labelNames: ['operation'],
    registers,
  });
  const ends = new Counter({
    name: 'chat_debug_stream_ends_total',
    help: 'Streams that ended, by code; CLIENT_GONE: the client closed it; SLOW_READER: it did not read',
    labelNames: ['code'],
    registers,
  });
  let loops = () => 0;
  new Gauge({
    name: 'chat_debug_stream_loops',
    help: 'Loops that look for changes; all who watch the same with the same rights share one',
    registers,
    collect() {
      this.set(loops());
    },
  });
  const looks = new Counter({
    name: 'chat_debug_stream_looks_total',
    help: 'Executions for live views, by reason: joined (a client came), woken (the database told of a change), tick',
    labelNames: ['why'],
    registers,
  });
  const skipped = new Counter({
    name: 'chat_debug_stream_skipped_total',
    help: 'Answers that a client did not get since it read too slowly; it got a newer one',
    registers,
  });
  let isWoken = () => false;
  new Gauge({
    name: 'chat_debug_stream_wake_ups_connected',
    help: '1 while the database tells of changes of chats; 0: live views look by time alone',
    registers,
    collect() {
      this.set(isWoken() ? 1 : 0);
    },
  });
  const wakeUps = new Counter({
    name: 'chat_debug_stream_wake_ups_total',
    help: 'Wake-ups of loops by changes of chats',
    registers,
  });
  const delays = new Histogram({
    name: 'chat_debug_stream_wake_up_duration_seconds',
    help: 'From the first wake-up of a loop to its answer',
    buckets: WAKE_UP_BUCKETS,
    registers,
  });
  return {
    showLoops: (count) => {
      loops = count;
    },
    showWoken: (is) => {
      isWoken = is;
    },
    streamOpened: (operation) => streams.inc({ operation: labelOf(operation) }),
    streamEnded: (operation, code) => {
      streams.dec({ operation: labelOf(operation) });
      ends.inc({ code });
    },
    looked: (why, wokenMs) => {
      looks.inc({ why });
      if (wokenMs !== undefined) delays.observe(wokenMs / 1000);
    },
    skipped: (answers) => skipped.inc(answers),
    wokenUp: (count) => wakeUps.inc(count),
  };
}
