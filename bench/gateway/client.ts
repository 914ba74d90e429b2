/**
 * The client, in a process of its own: it keeps a number of connections for a time, each with one request at a time.
 */
import { Pool } from 'undici';
import { systemClock as clock } from '../../common/clock.ts';
import { announceReady } from '../../server/lifecycle.ts';
import { percentile } from '../support/statistics.ts';

/** One measurement. */
export interface Load {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly connections: number;
  readonly seconds: number;
}

/** Result of a load. */
export interface LoadResult {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that are not HTTP 200, or of another length than the first. */
  readonly failed: number;
}

async function run({ url, headers, body, connections, seconds }: Load): Promise<LoadResult> {
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin, { connections, headersTimeout: 30_000 });
  const latencies: number[] = [];
  let failed = 0;
  let length: number | undefined;
  const begun = clock.monotonicMs();
  const worker = async () => {
    while (clock.monotonicMs() - begun < seconds * 1_000) {
      const sent = clock.monotonicMs();
      const response = await pool.request({ path: pathname, method: 'POST', headers, body });
      const { byteLength } = await response.body.arrayBuffer();
      latencies.push(clock.monotonicMs() - sent);
      length ??= byteLength;
      if (response.statusCode !== 200 || byteLength !== length) failed += 1;
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  const elapsed = clock.monotonicMs() - begun;
  await pool.close();
  return {
    perSecond: (latencies.length / elapsed) * 1_000,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    failed,
  };
}

process.on('message', async (load: Load) => process.send?.({ result: await run(load) }));
process.once('disconnect', () => process.exit(0));
announceReady({ url: '' });
