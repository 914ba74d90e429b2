/** Replicas in the shape of the schema. The parent of every field here is the replica's row. */
import { requireReadAll } from '../../server/graphql/rights.ts';
import { requireUuid } from '../../server/graphql/scalars.ts';
import type { DatabaseContext } from './context.ts';
import { REPLICA_MOMENTS, type ReplicaRow, replicaRows } from './questions/replicaRows.ts';
import { saysUnavailable } from './unavailable.ts';
import { unreadable } from './unreadable.ts';

/** Lists replicas, from memory while the database does not answer: a search for trouble then needs them most. */
export async function listReplicas(
  _parent: unknown,
  args: { alive?: boolean | null },
  { caller, reading, replicaMemory }: DatabaseContext,
): Promise<readonly ReplicaRow[]> {
  requireReadAll(caller);
  const alive = args.alive ?? undefined;
  try {
    return await reading.askApart('replicaRows', async (tx, { platform }) => {
      const rows = await replicaRows(tx, { alive, platform });
      replicaMemory.remember(alive, rows, platform.replicaStaleAfterSeconds);
      return rows;
    });
  } catch (error) {
    const remembered = saysUnavailable(error) ? replicaMemory.recall(alive) : undefined;
    if (!remembered) throw error;
    return remembered;
  }
}

export async function replicaById(id: string, { caller, loaders }: DatabaseContext): Promise<ReplicaRow | null> {
  requireReadAll(caller);
  return (await loaders.replicas.load(id)) ?? null;
}

/** A stored time that is no moment costs only its own field. */
const moments = Object.fromEntries(
  REPLICA_MOMENTS.map((field) => [
    field,
    async (replica: ReplicaRow) => {
      if (replica.unreadable.includes(field)) throw unreadable(field);
      return replica[field];
    },
  ]),
);

export const Replica = {
  __resolveReference: async (reference: { id: unknown }, context: DatabaseContext) =>
    replicaById(requireUuid(reference.id), context),
  ...moments,
  error: (replica: ReplicaRow) => replica.error || null,
  ownedChats: (replica: ReplicaRow, _args: unknown, { loaders }: DatabaseContext) =>
    loaders.ownedChats.load(replica.id),
  runtime: (replica: ReplicaRow) => ({ workerId: replica.id }),
};
