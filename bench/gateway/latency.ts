/** How long does somebody wait who asks one thing at a time, over a kept connection, or over several at once? */
import { Agent, request } from 'undici';
import { systemClock as clock } from '../../common/clock.ts';
import { processTimeMs } from '../support/processTime.ts';
import { percentile } from '../support/statistics.ts';
import type { Contender } from './contenders.ts';

/** Server and question. */
export interface Asked {
  readonly name: string;
  readonly contender: Pick<Contender, 'url' | 'headers'>;
  readonly body: string;
}

const dispatcher = new Agent({ headersTimeout: 30_000 }); // with a connection for each request that is under way

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

/** Milliseconds of one round. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

/**
 * Runs rounds of requests to each, in turn after every request: other work on the machine hits all alike.
 * @returns the rounds of each that is asked
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

/** A process of this machine is asked. */
export type AskedProcess = Asked & { readonly contender: Contender };

/** Way of asking. */
export interface Asking {
  readonly connections: number;
  /** Milliseconds for one before the next one's turn. */
  readonly turnMs: number;
}

export interface CountedLatency extends Latency {
  /** Processor time of the process that was asked, for a request. */
  readonly cpu: number;
}

/**
 * Runs one round: each is asked for `ms` milliseconds in all, in turns whose order changes each time.
 * Compared with a turn for each request, the processor's caches are warm for most, and the cost of each can be counted.
 * @returns the results of each
 */
export async function inLongTurns(
  all: readonly AskedProcess[],
  { connections, turnMs }: Asking,
  ms: number,
): Promise<CountedLatency[]> {
  const found = new Map(all.map((one) => [one, { latencies: [] as number[], cpuMs: 0 }]));
  for (let turn = 0; turn * turnMs < ms; turn += 1) {
    for (const [one, of] of turn % 2 === 0 ? found : [...found].reverse()) {
      const cpuMs = processTimeMs(one.contender.child.pid);
      const untilMs = clock.monotonicMs() + turnMs;
      const asker = async () => {
        while (clock.monotonicMs() < untilMs) of.latencies.push((await ask(one)).ms);
      };
      await Promise.all(Array.from({ length: connections }, asker));
      of.cpuMs += processTimeMs(one.contender.child.pid) - cpuMs;
    }
  }
  return [...found.values()].map(({ latencies, cpuMs }) => ({
    ...{ p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99), cpu: cpuMs / latencies.length },
  }));
}
