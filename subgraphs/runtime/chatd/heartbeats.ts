/** The renewal of all leases of a worker in one statement, which waits for nobody's lock. */
import type { Pool, QueryConfig, QueryResult, QueryResultRow } from 'pg';
import { failureName, isLocked, isNameOfLong, isRefusal, mayBeOfOneRow, mayPass, tookLong } from './databaseFailure.ts';
import { limitedTo } from './limited.ts';
import { inTransaction } from './transaction.ts';

export interface LeaseKey {
  readonly chatId: string;
  readonly runnerId: string;
  /** State of the lease before; left out: it is new. */
  readonly lease?: { readonly lastError: string | null };
}

interface Renewal {
  /** Runner ids whose leases were renewed. */
  readonly renewed: ReadonlySet<string>;
  /**
   * Reasons by runner id for which other leases were not renewed, in one word without content. Their chats may still be
   * the worker's.
   */
  readonly failed: ReadonlyMap<string, string>;
  /** Failure of the renewal as a whole; undefined: none, or leases that are refused one by one. */
  readonly failure?: unknown;
}

interface Row {
  readonly runnerId: string;
  readonly renewed: boolean;
}

/**
 * Statement that renews leases, and inserts missing ones: the table is UNLOGGED, and a crash of Postgres empties it.
 * An insert's foreign key needs a lock on the chat's row, so that lock is taken before, where it is free.
 * Only leases that could not be locked are looked for again: they are gone, or somebody holds them.
 */
const RENEW = `
  WITH mine AS (
    SELECT chats.id AS chat_id, chats.runner_id
    FROM unnest($2::uuid[], $3::uuid[]) AS named (chat_id, runner_id)
    JOIN chats ON chats.id = named.chat_id AND chats.runner_id = named.runner_id AND chats.worker_id = $1
  ), free AS (
    SELECT beat.chat_id, beat.runner_id FROM chat_heartbeats beat JOIN mine USING (chat_id, runner_id)
    FOR NO KEY UPDATE OF beat SKIP LOCKED
  ), renewed AS (
    UPDATE chat_heartbeats beat SET heartbeat_at = now() FROM free
    WHERE beat.chat_id = free.chat_id AND beat.runner_id = free.runner_id
    RETURNING beat.runner_id
  ), unseen AS MATERIALIZED (
    SELECT chat_id, runner_id FROM mine EXCEPT ALL SELECT chat_id, runner_id FROM free
  ), gone AS (
    SELECT chats.id AS chat_id, chats.runner_id FROM chats JOIN unseen ON unseen.chat_id = chats.id
    WHERE NOT EXISTS (
      SELECT FROM chat_heartbeats beat WHERE beat.chat_id = unseen.chat_id AND beat.runner_id = unseen.runner_id)
    FOR KEY SHARE OF chats SKIP LOCKED
  ), restored AS (
    INSERT INTO chat_heartbeats (chat_id, runner_id, heartbeat_at) SELECT chat_id, runner_id, now() FROM gone
    ON CONFLICT (chat_id, runner_id) DO NOTHING
    RETURNING runner_id
  )
  SELECT mine.runner_id AS "runnerId",
    mine.runner_id IN (SELECT runner_id FROM renewed UNION ALL SELECT runner_id FROM restored) AS renewed
  FROM mine`;

/** Statement that renews existing leases without `chats`, for the time when that table is locked. */
const RENEW_UNSEEN = `
  WITH free AS (
    SELECT beat.chat_id, beat.runner_id FROM chat_heartbeats beat
    JOIN unnest($1::uuid[], $2::uuid[]) AS named (chat_id, runner_id) USING (chat_id, runner_id)
    FOR NO KEY UPDATE OF beat SKIP LOCKED
  )
  UPDATE chat_heartbeats beat SET heartbeat_at = now() FROM free
  WHERE beat.chat_id = free.chat_id AND beat.runner_id = free.runner_id
  RETURNING beat.runner_id AS "runnerId"`;

/** Statements at most for the leases that are first renewed together, when some are refused. */
const MOST_STATEMENTS = 250;
/** Statements that may take too long. With so many, one bad lease among 2,000 is found. */
const MOST_LATE = 12;
/** Milliseconds for a statement on some of the leases, once one for all of them took too long. */
const PART_LIMIT_MS = 500;

/**
 * Renews leases; never rejects. A runner that is in neither part of the result has lost its chat.
 * A lease that the database refuses, or whose renewal hangs, costs only itself. The others are renewed without it, and
 * it is tried apart from them the next time.
 */
export async function renewLeases(pool: Pool, workerId: string, leases: readonly LeaseKey[]): Promise<Renewal> {
  const renewed = new Set<string>();
  const failed = new Map<string, string>();
  let failure: unknown;
  const fail = (some: readonly LeaseKey[], error: unknown) => {
    for (const { runnerId } of some) failed.set(runnerId, failureName(error));
  };
  /** Larger parts come first, so that a healthy half does not wait for the other. */
  const renew = async (together: readonly LeaseKey[], wereLate: boolean): Promise<void> => {
    let [statements, late, query] = [0, 0, wereLate ? limited(pool) : unlimited(pool)];
    const parts: { some: readonly LeaseKey[]; before?: unknown }[] = [{ some: together }];
    for (const { some, before } of parts) {
      if (late === MOST_LATE) failure ??= before;
      const isOver = statements === MOST_STATEMENTS || late === MOST_LATE || (failure && !isLocked(failure));
      if (isOver) fail(some, failure ?? before);
      if (isOver || some.length === 0) continue;
      statements += 1;
      try {
        const done = await renewTogether(query, workerId, some);
        for (const runnerId of done.renewed) renewed.add(runnerId);
        for (const [runnerId, reason] of done.failed) failed.set(runnerId, reason);
        failure ??= done.failure;
      } catch (error) {
        const isOfSome = !mayPass(error) || mayBeOfOneRow(error);
        if (!isOfSome) failure = error;
        if (tookLong(error)) [late, query] = [late + 1, limited(pool)];
        if (!isOfSome || some.length === 1) fail(some, error);
        else for (const half of halves(some)) parts.push({ some: half, before: error });
      }
    }
  };
  const errorOf = ({ lease }: LeaseKey) => lease?.lastError ?? null;
  const isLate = (lease: LeaseKey) => isNameOfLong(errorOf(lease));
  await renew(
    leases.filter((lease) => errorOf(lease) === null),
    false,
  );
  await renew(
    leases.filter((lease) => errorOf(lease) !== null && !isLate(lease)),
    false,
  );
  await renew(leases.filter(isLate), true);
  return { renewed, failed, failure };
}

type Query = <R extends QueryResultRow>(config: QueryConfig) => Promise<QueryResult<R>>;

/** Asks on a connection that outlives a refusal. `Pool.query` would close it, and the next statement make a new one. */
const unlimited =
  (pool: Pool): Query =>
  async (config) => {
    const client = await pool.connect();
    try {
      const answer = await client.query(config);
      client.release();
      return answer;
    } catch (error) {
      client.release(!isRefusal(error));
      throw error;
    }
  };

const limited =
  (pool: Pool): Query =>
  (config) =>
    inTransaction(pool, async (tx) => {
      await tx.query(`SELECT ${limitedTo(PART_LIMIT_MS)}`);
      return tx.query(config);
    });

const halves = (leases: readonly LeaseKey[]) => {
  const half = Math.ceil(leases.length / 2);
  return [leases.slice(0, half), leases.slice(half)];
};

const allFailed = (leases: readonly LeaseKey[], reason: string): Map<string, string> =>
  new Map(leases.map(({ runnerId }) => [runnerId, reason]));

async function renewTogether(query: Query, workerId: string, leases: readonly LeaseKey[]): Promise<Renewal> {
  const keys = [leases.map((lease) => lease.chatId), leases.map((lease) => lease.runnerId)];
  try {
    const { rows } = await query<Row>({ name: 'renew-leases', text: RENEW, values: [workerId, ...keys] });
    const ids = (renewed: boolean) => rows.filter((row) => row.renewed === renewed).map((row) => row.runnerId);
    return { renewed: new Set(ids(true)), failed: new Map(ids(false).map((id) => [id, HELD])) };
  } catch (failure) {
    if (!isLocked(failure)) throw failure;
    const { rows } = await query<Row>({ text: RENEW_UNSEEN, values: keys });
    const renewed = new Set(rows.map((row) => row.runnerId));
    const others = leases.filter(({ runnerId }) => !renewed.has(runnerId));
    return { renewed, failed: allFailed(others, HELD), failure };
  }
}

/** Reason for passing a lease over: somebody holds a lock on it, or on what it needs. */
const HELD = 'LOCKED';
