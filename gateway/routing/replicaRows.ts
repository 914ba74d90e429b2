/** Reads the replica table through the database subgraph, as the gateway itself and not as one of its callers. */
import type { Dispatcher } from 'undici';
import { z } from 'zod';
import { deadlineSignal } from '../../common/clock.ts';
import { READ_ALL, signInternalToken } from '../../common/internalToken.ts';
import { parseUuid } from '../../common/scalars.ts';
import { describePosted, postGraphql } from './postGraphql.ts';
import type { ReplicaRow } from './replicaDirectory.ts';

const FRAGMENT = 'fragment Row on Replica { id relayAddress stoppedAt version }';

const row = z.object({
  id: z.string(),
  relayAddress: z.string(),
  stoppedAt: z.string().nullable(),
  version: z
    .string()
    .regex(/^[\w.+-]{1,64}$/)
    .optional()
    .catch(undefined),
});
const answer = z.object({
  data: z.object({ replicas: z.array(row) }).catchall(row.nullable()),
  errors: z.undefined().optional(),
});

/** A list ends after the newest thousand, so those that must not be missed are asked for one by one. */
function queryFor(ids: readonly string[]): string {
  const one = ids.map((id, i) => `r${i}: replica(id: "${id}") { ...Row }`);
  return `{ replicas(alive: true) { ...Row } ${one.join(' ')} } ${FRAGMENT}`;
}

export interface ReplicaRowsOptions {
  readonly dispatcher: Dispatcher;
  /** The GraphQL endpoint of the database subgraph. */
  readonly url: URL;
  readonly internalSecret: string;
  readonly timeoutMs: number;
}

/**
 * The replicas that are alive, the newest thousand of them, and those of `ids` that there are.
 * @throws if the subgraph does not answer in time, or something else; the message names no address
 */
export async function loadReplicaRows(
  options: ReplicaRowsOptions,
  ids: readonly string[],
): Promise<readonly ReplicaRow[]> {
  const { dispatcher, url, internalSecret, timeoutMs } = options;
  const caller = { sub: 'chat-debug-gateway', roles: [READ_ALL] };
  const token = await signInternalToken(internalSecret, 'database', caller);
  const deadline = deadlineSignal(timeoutMs);
  try {
    const query = queryFor(ids.flatMap((id) => parseUuid(id) ?? []));
    const posted = await postGraphql({
      dispatcher,
      url,
      token,
      peer: 'database',
      body: { query },
      signal: deadline.signal,
    });
    const rows = posted.kind === 'json' ? answer.safeParse(posted.body) : undefined;
    if (!rows?.success) throw new Error(`The database subgraph gave no replicas: ${describePosted(posted)}`);
    const { replicas, ...one } = rows.data.data;
    return [...replicas, ...Object.values(one).flatMap((found) => found ?? [])];
  } finally {
    deadline.clear();
  }
}
