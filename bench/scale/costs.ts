/** Costs of lists and of counts, each asked of several fleets in turn. */
import { systemClock as clock } from '../../common/clock.ts';
import { costOf } from '../database/cost.ts';
import { type Fleet, type ListCost, listCost } from '../database/lists.ts';
import { SUBGRAPH_CONNECTIONS } from '../database/subgraph.ts';
import { median } from '../support/statistics.ts';

/** Rounds of each question, with all fleets in each. */
const ROUNDS = 7;

export type Costs = readonly Omit<ListCost, 'found'>[];

/** @returns the costs of each fleet, one for each round */
async function inTurn<F>(fleets: readonly F[], ask: (fleet: F) => Promise<Omit<ListCost, 'found'>>): Promise<Costs[]> {
  const rounds: Omit<ListCost, 'found'>[][] = fleets.map(() => []);
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [i, fleet] of fleets.entries()) {
      const cost = await ask(fleet);
      if (round > 0) rounds[i]?.push(cost); // the first fills the caches
    }
  }
  return rounds;
}

/** @throws Error if the first two fleets do not find as many chats: their costs cannot be compared then */
export async function listCosts(fleets: readonly Fleet[], filter: string): Promise<Costs[]> {
  const found = new Map<Fleet, number>();
  const costs = await inTurn(fleets, async (fleet) => {
    const cost = await listCost(fleet, filter);
    found.set(fleet, cost.found);
    return cost;
  });
  const [first, second] = fleets.map((fleet) => found.get(fleet));
  if (first !== second) throw new Error(`${filter} found ${first} chats and ${second}`);
  return costs;
}

/** A fleet, and chats of it with as many messages each. */
interface Counted {
  readonly fleet: Fleet;
  readonly chatIds: readonly string[];
}

/** Costs of counting the messages of one chat, the mean of several. */
export const countCosts = (counted: readonly Counted[]): Promise<Costs[]> =>
  inTurn(counted, async ({ fleet: { pool, subgraph }, chatIds }) => {
    const times: number[] = [];
    const cost = await costOf(pool, SUBGRAPH_CONNECTIONS, async () => {
      for (const id of chatIds) {
        const beganMs = clock.monotonicMs();
        await subgraph.ask(`{ chatDebugSnapshot(chatId: "${id}") { database { messageStats { total } } } }`);
        times.push(clock.monotonicMs() - beganMs);
      }
    });
    return { ms: median(times), serverMs: cost.ms / chatIds.length, buffers: cost.buffers / chatIds.length };
  });

const OF_COST = ['serverMs', 'ms', 'buffers'] as const;
type Measure = (typeof OF_COST)[number];

export const middleOf = (costs: Costs, measure: Measure): number => median(costs.map((cost) => cost[measure]));

/** Median of the rounds' own ratios. */
export const ratioOf = (costs: Costs, against: Costs, measure: Measure): number =>
  median(costs.map((cost, i) => cost[measure] / (against[i]?.[measure] ?? Number.NaN)));
