/** How long somebody waits who asks one thing at a time, over a connection that is kept. */
import { Agent, request } from 'undici';
import { systemClock as clock } from '../../common/clock.ts';
import { percentile } from '../support/statistics.ts';
import type { Contender } from './contenders.ts';

/** Whom, and what. */
export interface Asked {
  readonly name: string;
  readonly contender: Pick<Contender, 'url' | 'headers'>;
  readonly body: string;
}

const dispatcher = new Agent({ connections: 1, headersTimeout: 30_000 });

/** @throws unless the answer is HTTP 200 */
export async function ask({ name, contender, body }: Asked): Promise<{ readonly ms: number; readonly text: string }> {
  const { url, headers } = contender;
  const sent = clock.monotonicMs();
  const response = await request(url, { dispatcher, method: 'POST', headers, body });
  const text = await response.body.text();
  const ms = clock.monotonicMs() - sent;
  if (response.statusCode !== 200) throw new Error(`${name}: HTTP ${response.statusCode}, ${text.slice(0, 500)}`);
  return { ms, text };
}

/** Of one round, in milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

/**
 * So many rounds of so many requests to each, of which every one goes to the next in turn: what else the machine does hits all alike.
 * @returns for each that is asked, its rounds
 */
export async function inTurns(all: readonly Asked[], rounds: number, times: number): Promise<Latency[][]> {
  const results: Latency[][] = all.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    const latencies: number[][] = all.map(() => []);
    for (let time = 0; time < times; time += 1) {
      for (const [i, one] of all.entries()) latencies[i]?.push((await ask(one)).ms);
    }
    for (const [i, of] of latencies.entries()) {
      results[i]?.push({ p50: percentile(of, 0.5), p99: percentile(of, 0.99) });
    }
  }
  return results;
}
