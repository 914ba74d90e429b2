/** Reads the replica table through the database subgraph, as the gateway itself and not as one of its callers. */
import { z } from 'zod';
import { READ_ALL } from '../../common/internalToken.ts';
import { parseUuid } from '../../common/scalars.ts';
import type { DatabaseSubgraph } from './databaseSubgraph.ts';
import { describePosted } from './postGraphql.ts';
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
/** A moment that cannot be said, on one row: the others are whole. */
const unreadableMoment = z.object({
  path: z.union([
    z.tuple([z.string(), z.literal('stoppedAt')]),
    z.tuple([z.literal('replicas'), z.int(), z.literal('stoppedAt')]),
  ]),
});
const answer = z.object({
  data: z.object({ replicas: z.array(row) }).catchall(row.nullable()),
  errors: z.array(unreadableMoment).default([]),
});

/** A list ends after the newest thousand, so those that must not be missed are asked for one by one. */
function queryFor(ids: readonly string[]): string {
  const one = ids.map((id, i) => `r${i}: replica(id: "${id}") { ...Row }`);
  return `{ replicas(alive: true) { ...Row } ${one.join(' ')} } ${FRAGMENT}`;
}

/**
 * The replicas that are alive, the newest thousand of them, and those of `ids` that there are.
 * @throws if the subgraph does not answer in time, or something else; the message names no address
 */
export async function loadReplicaRows(
  database: DatabaseSubgraph,
  ids: readonly string[],
): Promise<readonly ReplicaRow[]> {
  const caller = { sub: 'chat-debug-gateway', roles: [READ_ALL] };
  const posted = await database.ask({ query: queryFor(ids.flatMap((id) => parseUuid(id) ?? [])) }, { caller });
  const rows = posted.kind === 'json' ? answer.safeParse(posted.body) : undefined;
  if (!rows?.success) throw new Error(`The database subgraph gave no replicas: ${describePosted(posted)}`);
  const { replicas, ...one } = rows.data.data;
  const unreadable = new Set(rows.data.errors.map(({ path }) => path.slice(0, -1).join('.')));
  /** Something stands there, so it has stopped: only the moment is not known. */
  const placed = (found: ReplicaRow, place: string): ReplicaRow =>
    unreadable.has(place) ? { ...found, stoppedAt: found.stoppedAt ?? 'not known' } : found;
  return [
    ...replicas.map((found, i) => placed(found, `replicas.${i}`)),
    ...Object.entries(one).flatMap(([name, found]) => (found ? placed(found, name) : [])),
  ];
}
