/** Load on one gateway, and what came of it. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { processTimeMs } from '../support/processTime.ts';
import type { Load, LoadResult } from './client.ts';
import type { Contender } from './contenders.ts';
import type { Shape } from './shapes.ts';

export const CONNECTIONS = 32;

export interface Measured extends LoadResult {
  /** Of the gateway's processor time, user and system, all its threads, for one request. Other work on the machine moves it less than a rate. */
  readonly microseconds: number;
}

/** @param client the process of `client.ts` @throws if an answer is not as the first */
export async function measure(
  client: ChildProcess,
  { name, url, headers, child }: Contender,
  { query, variables }: Pick<Shape, 'query' | 'variables'>,
  seconds: number,
): Promise<Measured> {
  const beforeMs = processTimeMs(child.pid);
  const body = JSON.stringify({ query, variables });
  client.send({ url, headers, body, connections: CONNECTIONS, seconds } satisfies Load);
  const [{ result }] = (await once(client, 'message')) as [{ result: LoadResult }];
  if (result.failed > 0) throw new Error(`${name}: ${result.failed} answers were not as the first.`);
  const usedMs = processTimeMs(child.pid) - beforeMs;
  return { ...result, microseconds: (usedMs * 1_000) / (result.perSecond * seconds) };
}
