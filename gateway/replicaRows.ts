/** Reads the replica table through the database subgraph, as the gateway itself and not as one of its callers. */
import type { Dispatcher } from 'undici';
import { z } from 'zod';
import { deadlineSignal } from '../common/clock.ts';
import { READ_ALL, signInternalToken } from '../common/internalToken.ts';
import { describePosted, postGraphql } from './postGraphql.ts';
import type { ReplicaRow } from './replicaDirectory.ts';

const QUERY = '{ replicas { id relayAddress stoppedAt } }';

const answer = z.object({
  data: z.object({
    replicas: z.array(z.object({ id: z.string(), relayAddress: z.string(), stoppedAt: z.string().nullable() })),
  }),
});

export interface ReplicaRowsOptions {
  readonly dispatcher: Dispatcher;
  /** The GraphQL endpoint of the database subgraph. */
  readonly url: URL;
  readonly internalSecret: string;
  readonly timeoutMs: number;
}

/** @throws if the subgraph does not answer in time, or something else; the message names no address */
export async function loadReplicaRows(options: ReplicaRowsOptions): Promise<readonly ReplicaRow[]> {
  const { dispatcher, url, internalSecret, timeoutMs } = options;
  const caller = { sub: 'chat-debug-gateway', roles: [READ_ALL] };
  const token = await signInternalToken(internalSecret, 'database', caller);
  const deadline = deadlineSignal(timeoutMs);
  try {
    const posted = await postGraphql({ dispatcher, url, token, body: { query: QUERY }, signal: deadline.signal });
    const rows = posted.kind === 'json' ? answer.safeParse(posted.body) : undefined;
    if (!rows?.success) throw new Error(`The database subgraph gave no replicas: ${describePosted(posted)}`);
    return rows.data.data.replicas;
  } finally {
    deadline.clear();
  }
}
