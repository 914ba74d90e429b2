/** Cost of a list, in a large fleet and in a small one. */
import type { Pool } from 'pg';
import { systemClock as clock } from '../../common/clock.ts';
import { median } from '../support/statistics.ts';
import { type Cost, costOf } from './cost.ts';
import { SUBGRAPH_CONNECTIONS, type Subgraph } from './subgraph.ts';

const TIMES = 20;

export interface ListCost {
  /** Milliseconds from the request to the whole answer, over HTTP. */
  readonly ms: number;
  /** Planning and execution in Postgres. */
  readonly serverMs: number;
  readonly buffers: number;
  readonly found: number;
}

export interface Fleet {
  readonly pool: Pool;
  readonly subgraph: Subgraph;
}

/** The first hundred chats of a filter, each with its id. Medians, and means of the server's counts. */
export async function listCost({ pool, subgraph }: Fleet, filter: string): Promise<ListCost> {
  const query = `{ chats(first: 100, filter: ${filter}) { edges { node { chatId } } } }`;
  const times: number[] = [];
  let found = 0;
  await subgraph.ask(query);
  const cost: Cost = await costOf(pool, SUBGRAPH_CONNECTIONS, async () => {
    for (let count = 0; count < TIMES; count += 1) {
      const beganMs = clock.monotonicMs();
      const { chats } = await subgraph.ask(query);
      times.push(clock.monotonicMs() - beganMs);
      found = (chats as { edges: unknown[] }).edges.length;
    }
  });
  return { ms: median(times), serverMs: cost.ms / TIMES, buffers: cost.buffers / TIMES, found };
}
