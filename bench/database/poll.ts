/** Cost of a dashboard that polls a hundred chats; one chat takes as many statements. */
import type { Pool } from 'pg';
import { type Cost, costOf } from './cost.ts';
import { SUBGRAPH_CONNECTIONS, type Subgraph } from './subgraph.ts';

const POLLS = 200;
/** Every field of the database that a snapshot with its diagnosis needs. */
const FIELDS = `chatId takenAt executionState runtime { workerId } everywhere { workerId }
  database { status archived workerId runnerId snapshotVersion historyVersion generationAttempt lastError retryState
    updatedAt queueDepth heartbeat { ageSeconds isStale } heartbeats { runnerId } messageStats { total byRole { role count } } }`;

/** Cost of one poll, the mean of many. */
export async function pollCost(pool: Pool, subgraph: Subgraph, ids: readonly string[]): Promise<Cost> {
  const query = `query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { ${FIELDS} } }`;
  await subgraph.ask(query, { ids });
  const cost = await costOf(pool, SUBGRAPH_CONNECTIONS, async () => {
    for (let count = 0; count < POLLS; count += 1) await subgraph.ask(query, { ids });
  });
  const each = (value: number) => value / POLLS;
  return {
    ...{ statements: each(cost.statements), allStatements: each(cost.allStatements), rows: each(cost.rows) },
    ...{ ms: each(cost.ms), planningMs: each(cost.planningMs), buffers: each(cost.buffers) },
    ...{ walBytes: each(cost.walBytes), cpuMs: each(cost.cpuMs) },
  };
}
