/** Slots that a platform's replicas share. */
import { Prisma } from '../../../prisma/generated/client.ts';
import { RUNNABLE } from '../executionStateSql.ts';
import { type Capacity, chatsOf, type Platform } from '../platform.ts';
import type { Moment, Transaction } from '../transaction.ts';

/** Slots taken, and slots in all. */
export interface Pools {
  readonly used: Capacity;
  readonly capacity: Capacity;
}

/** Reads the slots; undefined: none are shared there. */
export async function pools(tx: Transaction, { heartbeatsReadable, platform }: Moment): Promise<Pools | undefined> {
  if (!platform.capacity) return undefined;
  const [used] = await tx.$queryRaw<Capacity[]>(heartbeatsReadable ? takenSlotsSql(platform) : ownedSql(platform));
  if (!used) throw new TypeError('An aggregate gave no row');
  return { used, capacity: platform.capacity };
}

/**
 * Statement for taken slots. A chat takes one while its owner's lease is fresh by the platform's own comparison, where
 * a lease of the future is fresh.
 */
export const takenSlotsSql = (platform: Platform): Prisma.Sql => Prisma.sql`
  SELECT ${BY_KIND}
  FROM (
    SELECT h.chat_id, h.runner_id FROM chat_heartbeats AS h
    WHERE h.heartbeat_at > now() - make_interval(secs => ${platform.thresholds.staleAfterSeconds}::float8) OFFSET 0) AS h
  JOIN ${chatsOf(platform)} AS c ON c.id = h.chat_id AND c.runner_id = h.runner_id
  WHERE c.worker_id IS NOT NULL`;

/**
 * Statement for the most slots that can be taken, where leases cannot be read, as on a standby. Missing leases then
 * make no chat look forgotten.
 */
const ownedSql = (platform: Platform): Prisma.Sql => Prisma.sql`
  SELECT ${BY_KIND} FROM ${chatsOf(platform)} AS c WHERE ${RUNNABLE} AND c.worker_id IS NOT NULL AND c.runner_id IS NOT NULL`;

const BY_KIND = Prisma.sql`
  (count(*) FILTER (WHERE c.parent_chat_id IS NULL))::int4 AS root,
  (count(*) FILTER (WHERE c.parent_chat_id IS NOT NULL))::int4 AS subagents`;

/** Pool in the shape of the schema. */
export const shownPool = ({ used, capacity }: Pools, kind: keyof Capacity) => ({
  kind: kind === 'root' ? 'ROOT' : 'SUBAGENT',
  used: used[kind],
  capacity: capacity[kind],
});

/**
 * True if all slots are taken. If more are taken than there are, the setting is wrong, and nothing is known of who
 * waits.
 */
export const isFull = ({ used, capacity }: Pools, kind: keyof Capacity): boolean => used[kind] === capacity[kind];
