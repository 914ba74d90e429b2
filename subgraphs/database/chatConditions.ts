/**
 * The filter of `chats` as conditions on `chats AS c`. Whether a chat looks like trouble is said here and nowhere else;
 * where to look for it is said in chatPlaces.ts.
 */
import type { ExecutionState } from '../../common/executionState.ts';
import { Prisma } from '../../prisma/generated/client.ts';
import { EXECUTION_STATE, QUEUED, RUNNABLE } from './executionStateSql.ts';

/** As a client sends it: what is left out or null does not narrow the list. */
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

export interface Thresholds {
  readonly staleAfterSeconds: number;
  readonly noProgressSeconds: number;
  /** False: the lease table cannot be read, so nothing is known of any lease. */
  readonly heartbeatsReadable: boolean;
}

/** All of them must hold. */
export function chatConditions(filter: ChatFilter, thresholds: Thresholds): Prisma.Sql[] {
  const { status, executionState, workerId, ownerId, parentChatId, rootChatId, owned, heartbeat, suspect } = filter;
  const conditions: (Prisma.Sql | undefined)[] = [
    status ? Prisma.sql`c.status::text = ANY(${storable(status)}::text[])` : undefined,
    executionState ? Prisma.sql`(${EXECUTION_STATE}) = ANY(${[...executionState]}::text[])` : undefined,
    workerId ? Prisma.sql`c.worker_id = ${workerId}::uuid` : undefined,
    ownerId ? Prisma.sql`c.owner_id = ${ownerId}::uuid` : undefined,
    parentChatId ? Prisma.sql`c.parent_chat_id = ${parentChatId}::uuid` : undefined,
    rootChatId ? Prisma.sql`(c.root_chat_id = ${rootChatId}::uuid AND c.id <> ${rootChatId}::uuid)` : undefined,
    owned == null ? undefined : owned ? Prisma.sql`c.worker_id IS NOT NULL` : Prisma.sql`c.worker_id IS NULL`,
    heartbeat ? heartbeatIs(heartbeat, thresholds) : undefined,
    suspect == null
      ? undefined
      : Prisma.sql`(${looksLikeTrouble(thresholds)}) ${suspect ? Prisma.sql`IS TRUE` : Prisma.sql`IS NOT TRUE`}`,
  ];
  return conditions.filter((condition) => condition !== undefined);
}

/** Postgres refuses a NUL in text, so no status holds one. */
const storable = (texts: readonly string[]) => texts.filter((text) => !text.includes('\0'));

/**
 * Of the lease of the runner that the chat names, with the arithmetic of the field `isStale`; null: there is none. One
 * look into an index for each chat: a join may read every lease.
 */
const LEASE_AGE = Prisma.sql`
  (SELECT extract(epoch FROM now() - h.heartbeat_at)::float8 FROM chat_heartbeats AS h
   WHERE h.chat_id = c.id AND h.runner_id = c.runner_id)`;

function heartbeatIs(state: 'FRESH' | 'STALE' | 'MISSING', thresholds: Thresholds): Prisma.Sql {
  const { heartbeatsReadable, staleAfterSeconds } = thresholds;
  if (!heartbeatsReadable) return Prisma.sql`false`;
  switch (state) {
    case 'FRESH':
      return Prisma.sql`${RUNNABLE} AND ${LEASE_AGE} <= ${staleAfterSeconds}::float8`;
    case 'STALE':
      return Prisma.sql`${RUNNABLE} AND ${LEASE_AGE} > ${staleAfterSeconds}::float8`;
    case 'MISSING':
      return Prisma.sql`${RUNNABLE} AND c.runner_id IS NOT NULL AND ${LEASE_AGE} IS NULL`;
  }
}

/** What costs nothing to know comes first. */
const looksLikeTrouble = (thresholds: Thresholds) => Prisma.sql`
  CASE WHEN ${RUNNABLE} THEN
    c.updated_at < now() - make_interval(secs => ${thresholds.noProgressSeconds}::float8)
    OR c.worker_id IS NULL OR c.runner_id IS NULL
    OR c.requires_action_deadline_at < now()
    OR NOT EXISTS (SELECT FROM replicas AS r WHERE r.id = c.worker_id AND r.stopped_at IS NULL)
    OR ${leaseIsLost(thresholds)}
    OR c.retry_state IS NOT NULL AND ${retryTimeIsPast}
  WHEN c.status = 'waiting' THEN ${QUEUED}
  WHEN c.status = 'error' THEN NOT c.archived AND ${QUEUED}
  ELSE true END`;

function leaseIsLost({ heartbeatsReadable, staleAfterSeconds }: Thresholds): Prisma.Sql {
  if (!heartbeatsReadable) return Prisma.sql`false`;
  return Prisma.sql`(${LEASE_AGE} <= ${staleAfterSeconds}::float8) IS NOT TRUE`;
}

/**
 * `retry_state` is whatever some worker wrote. A cast of text that is no time would fail the whole list, so a JSON path
 * reads it, which is silent about what it does not understand: more digits than microseconds, and `Z` before Postgres 17.
 */
const retryTimeIsPast = Prisma.sql`
  COALESCE(jsonb_path_exists_tz(
    to_jsonb(regexp_replace(regexp_replace(c.retry_state ->> 'retrying_at', '(\\.\\d{6})\\d+', '\\1'), 'Z$', '+00:00')),
    '$.datetime() ? (@ < $now.datetime())', jsonb_build_object('now', now()), true), false)`;
