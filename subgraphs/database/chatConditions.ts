/**
 * The filter of `chats`, as conditions on `chats AS c`. chatPlaces.ts says where to look for the chats that meet them.
 */
import type { ExecutionState } from '../../domain/executionState.ts';
import { Prisma } from '../../prisma/generated/client.ts';
import { storableTexts } from '../../server/graphql/storable.ts';
import { EXECUTION_STATE, RUNNABLE } from './executionStateSql.ts';
import { LEASE_IS_MISSING, leaseIsFresh } from './leaseSql.ts';
import type { SuspectLimits } from './suspectLimits.ts';
import { type Among, looksLikeTrouble } from './suspectSql.ts';

/** Filter as a client sends it. A member that is left out or null does not narrow the list. */
export interface ChatFilter {
  readonly status?: readonly string[] | null;
  readonly executionState?: readonly ExecutionState[] | null;
  readonly workerId?: string | null;
  readonly ownerId?: string | null;
  readonly parentChatId?: string | null;
  readonly rootChatId?: string | null;
  readonly owned?: boolean | null;
  readonly heartbeat?: 'FRESH' | 'STALE' | 'MISSING' | null;
  readonly suspect?: boolean | null;
}

/**
 * Conditions that must all hold.
 * @param among the chats that they are asked of
 */
export function chatConditions(filter: ChatFilter, limits: SuspectLimits, among: Among): Prisma.Sql[] {
  const { status, executionState, workerId, ownerId, parentChatId, rootChatId, owned, heartbeat, suspect } = filter;
  const conditions: (Prisma.Sql | undefined)[] = [
    status ? Prisma.sql`c.status::text = ANY(${storableTexts(status)}::text[])` : undefined,
    executionState ? Prisma.sql`(${EXECUTION_STATE}) = ANY(${[...executionState]}::text[])` : undefined,
    workerId ? Prisma.sql`c.worker_id = ${workerId}::uuid` : undefined,
    ownerId ? Prisma.sql`c.owner_id = ${ownerId}::uuid` : undefined,
    parentChatId ? Prisma.sql`c.parent_chat_id = ${parentChatId}::uuid` : undefined,
    rootChatId ? Prisma.sql`(c.root_chat_id = ${rootChatId}::uuid AND c.id <> ${rootChatId}::uuid)` : undefined,
    owned == null ? undefined : owned ? Prisma.sql`c.worker_id IS NOT NULL` : Prisma.sql`c.worker_id IS NULL`,
    heartbeat ? heartbeatIs(heartbeat, limits) : undefined,
    suspect == null
      ? undefined
      : Prisma.sql`(${looksLikeTrouble(limits, among)}) ${suspect ? Prisma.sql`IS TRUE` : Prisma.sql`IS NOT TRUE`}`,
  ];
  return conditions.filter((condition) => condition !== undefined);
}

function heartbeatIs(state: 'FRESH' | 'STALE' | 'MISSING', limits: SuspectLimits): Prisma.Sql {
  if (!limits.heartbeatsReadable) return Prisma.sql`false`;
  switch (state) {
    case 'FRESH':
      return Prisma.sql`${RUNNABLE} AND ${leaseIsFresh(limits.platform)}`;
    case 'STALE':
      return Prisma.sql`${RUNNABLE} AND NOT ${leaseIsFresh(limits.platform)}`;
    case 'MISSING':
      return Prisma.sql`${RUNNABLE} AND c.runner_id IS NOT NULL AND ${LEASE_IS_MISSING}`;
  }
}
