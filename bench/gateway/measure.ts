/** Load on one gateway, and its result. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { processTimeMs } from '../support/processTime.ts';
import type { Load, LoadResult } from './client.ts';
import type { Contender } from './contenders.ts';
import type { Shape } from './shapes.ts';

export const CONNECTIONS = 32;

export interface Measured extends LoadResult {
  /**
   * Microseconds of processor time for one request: user and system, all threads. Other work on the machine moves it
   * less than a rate.
   */
  readonly microseconds: number;
}

/**
 * @param client the process of `client.ts` @param pids of the processes whose time counts
 * @throws if an answer is not as the first
 */
export async function measure(
  client: ChildProcess,
  { name, url, headers, child }: Contender,
  { query, variables }: Pick<Shape, 'query' | 'variables'>,
  seconds: number,
  pids: readonly (number | undefined)[] = [child.pid],
): Promise<Measured> {
  const usedMs = () => pids.reduce<number>((sum, pid) => sum + processTimeMs(pid), 0);
  const beforeMs = usedMs();
  const body = JSON.stringify({ query, variables });
  client.send({ url, headers, body, connections: CONNECTIONS, seconds } satisfies Load);
  const [{ result }] = (await once(client, 'message')) as [{ result: LoadResult }];
  if (result.failed > 0) throw new Error(`${name}: ${result.failed} answers were not as the first.`);
  return { ...result, microseconds: ((usedMs() - beforeMs) * 1_000) / (result.perSecond * seconds) };
}
