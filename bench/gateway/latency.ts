/** How long somebody waits who asks over one connection that is kept, or over several at once. */
import { Agent, request } from 'undici';
import { systemClock as clock } from '../../common/clock.ts';
import { processTimeMs } from '../support/processTime.ts';
import { percentile } from '../support/statistics.ts';
import type { Contender } from './contenders.ts';

/** Whom, and what. */
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

/** A process of this machine is asked. */
export type AskedProcess = Asked & { readonly contender: Contender };

/** Of one round, in milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  /** Processor time of the process that was asked, for a request. */
  readonly cpu: number;
}

/** How it is asked. */
export interface Asking {
  readonly connections: number;
  /** Before each request over each of them; 0: none. */
  readonly pauseMs: number;
  /** Of one, until it is the next one's turn. */
  readonly turnMs: number;
}

/**
 * One round: each is asked for `ms` in all, in turns whose order changes each time, so that what else the machine does hits all alike.
 * @returns for each of them
 */
export async function timeRound(
  all: readonly AskedProcess[],
  { connections, pauseMs, turnMs }: Asking,
  ms: number,
): Promise<Latency[]> {
  const found = new Map(all.map((one) => [one, { latencies: [] as number[], cpuMs: 0 }]));
  for (let turn = 0; turn * turnMs < ms; turn += 1) {
    for (const [one, of] of turn % 2 === 0 ? found : [...found].reverse()) {
      const cpuMs = processTimeMs(one.contender.child.pid);
      const untilMs = clock.monotonicMs() + turnMs;
      const asker = async () => {
        while (clock.monotonicMs() < untilMs) {
          if (pauseMs > 0) await clock.sleep(pauseMs);
          of.latencies.push((await ask(one)).ms);
        }
      };
      await Promise.all(Array.from({ length: connections }, asker));
      of.cpuMs += processTimeMs(one.contender.child.pid) - cpuMs;
    }
  }
  return [...found.values()].map(({ latencies, cpuMs }) => ({
    ...{ p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99), cpu: cpuMs / latencies.length },
  }));
}
