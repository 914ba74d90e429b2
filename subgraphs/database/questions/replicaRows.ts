/** What is read of the replica table. Ages are differences of the database's own times, to the millisecond. */
import type { Prisma } from '../../../prisma/generated/client.ts';
import type { Moment, Transaction } from '../transaction.ts';

const MOST_REPLICAS = 1000;

const COLUMNS = {
  id: true,
  hostname: true,
  relay_address: true,
  version: true,
  region_id: true,
  started_at: true,
  stopped_at: true,
  updated_at: true,
  error: true,
} as const satisfies Prisma.replicasSelect;

export type ReplicaRow = Prisma.replicasGetPayload<{ select: typeof COLUMNS }> & { readonly isAlive: boolean };

/** Newest start first. `alive`: only those alive, only the others, or (undefined) all. */
export async function replicaRows(
  tx: Transaction,
  moment: Moment,
  { alive, staleAfterSeconds }: { alive: boolean | undefined; staleAfterSeconds: number },
): Promise<ReplicaRow[]> {
  const living = { stopped_at: null, updated_at: { gte: before(moment, staleAfterSeconds) } };
  const rows = await tx.replicas.findMany({
    select: COLUMNS,
    where: alive === undefined ? {} : alive ? living : { NOT: living },
    orderBy: [{ started_at: 'desc' }, { id: 'desc' }],
    take: MOST_REPLICAS,
  });
  return rows.map((row) => judged(row, moment, staleAfterSeconds));
}

/** Those of these replicas that are there, in any order. */
export async function replicaRowsById(
  tx: Transaction,
  moment: Moment,
  { ids, staleAfterSeconds }: { ids: readonly string[]; staleAfterSeconds: number },
): Promise<ReplicaRow[]> {
  const rows = await tx.replicas.findMany({ select: COLUMNS, where: { id: { in: [...ids] } } });
  return rows.map((row) => judged(row, moment, staleAfterSeconds));
}

/** Ids of the replicas that have not stopped and whose row is younger than `seconds`. */
export async function recentReplicaIds(tx: Transaction, moment: Moment, seconds: number): Promise<string[]> {
  const where = { stopped_at: null, updated_at: { gt: before(moment, seconds) } };
  const rows = await tx.replicas.findMany({ select: { id: true }, where });
  return rows.map((row) => row.id);
}

const before = ({ takenAt }: Moment, seconds: number) => new Date(takenAt.getTime() - seconds * 1000);

const judged = (row: Omit<ReplicaRow, 'isAlive'>, moment: Moment, staleAfterSeconds: number): ReplicaRow => ({
  ...row,
  isAlive: row.stopped_at === null && row.updated_at >= before(moment, staleAfterSeconds),
});
