/** Events of chats, newest first. A chat may have millions, and a page looks at its own. */
import { Prisma } from '../../../prisma/generated/client.ts';
import { isSafe, safe } from '../saidSql.ts';
import type { Transaction } from '../transaction.ts';
import { ageSeconds, isSayable } from './moments.ts';

export interface EventRow {
  readonly chatId: string;
  readonly id: string;
  readonly eventAt: Date;
  readonly ageSeconds: number;
  readonly snapshotVersion: number;
  readonly transitions: readonly string[];
  /** Codes, as the domain reads them. */
  readonly by: string;
  readonly fromState: string | null;
  readonly toState: string;
  readonly actorId: string | null;
  readonly workerId: string | null;
  readonly runnerId: string | null;
  readonly generationAttempt: number | null;
  readonly queueDepth: number;
  readonly detail: Prisma.JsonValue;
}

export interface EventPage {
  /** Version before which the page begins. */
  readonly before: number | undefined;
  readonly since: Date | undefined;
  readonly until: Date | undefined;
  /** Number of events for each chat. */
  readonly limit: number;
}

/** Reads a page of each chat's events, newest first. */
export const events = (tx: Transaction, chatIds: readonly string[], page: EventPage): Promise<EventRow[]> =>
  tx.$queryRaw(eventsSql(chatIds, page));

/** Statement for the events. An event says who the owner is only where that changed, so the last such one tells it. */
const eventsSql = (chatIds: readonly string[], { before, since, until, limit }: EventPage): Prisma.Sql => {
  const conditions = [
    Prisma.sql`e.chat_id = chat.id AND ${isSafe(Prisma.sql`e.snapshot_version`)} AND ${isSayable(Prisma.sql`e.at`)}`,
    ...(before === undefined ? [] : [Prisma.sql`e.snapshot_version < ${before}::int8`]),
    ...(since === undefined ? [] : [Prisma.sql`e.snapshot_version >= ${firstVersionAt(CHAT, since)}`]),
    ...(until === undefined ? [] : [Prisma.sql`e.snapshot_version < ${firstVersionAt(CHAT, until)}`]),
  ];
  return Prisma.sql`
    SELECT e.chat_id AS "chatId", e.id::text, e.at AS "eventAt", ${ageSeconds(Prisma.sql`e.at`)} AS "ageSeconds",
           e.snapshot_version::float8 AS "snapshotVersion", e.transitions, e.by::text,
           e.from_state::text AS "fromState", e.to_state::text AS "toState", e.actor_id AS "actorId",
           owner.worker_id AS "workerId", owner.runner_id AS "runnerId",
           ${safe(Prisma.sql`e.generation_attempt`)} AS "generationAttempt", e.queue_depth AS "queueDepth", e.detail
    FROM unnest(${chatIds}::uuid[]) AS chat (id)
    CROSS JOIN LATERAL (
      SELECT * FROM chat_events AS e WHERE ${Prisma.join(conditions, ' AND ')}
      ORDER BY e.chat_id DESC, e.snapshot_version DESC LIMIT ${limit}) AS e
    LEFT JOIN LATERAL (
      SELECT o.worker_id, o.runner_id FROM chat_events AS o
      WHERE o.chat_id = e.chat_id AND o.snapshot_version <= e.snapshot_version AND ${CHANGES_OWNER}
      ORDER BY o.chat_id DESC, o.snapshot_version DESC LIMIT 1) AS owner ON true
    ORDER BY e.chat_id, e.snapshot_version DESC`;
};

const CHAT = Prisma.sql`chat.id`;

/** True if the owner changed with `chat_events AS o`; worded as in the partial index `chat_events_owners_idx`. */
export const CHANGES_OWNER = Prisma.sql`(o.worker_id IS NOT NULL OR o.previous_worker_id IS NOT NULL)`;

/**
 * SQL for the first version of a chat whose event is of this time or later, or one beyond the last.
 * An event of a later version is of a later time, so halving finds it with a few looks into the index of versions. To walk
 * there would take a second in a history of a million events. An index by chat and time would cost each event a third more.
 * The time goes there as a number: Postgres reads no text of the year 0 or 10000, which a client's time with an offset can be.
 */
const firstVersionAt = (chatId: Prisma.Sql, time: Date): Prisma.Sql => Prisma.sql`
  (WITH RECURSIVE halved AS (
    SELECT ${edge(chatId, Prisma.sql`ASC`)} AS low, ${edge(chatId, Prisma.sql`DESC`)} + 1 AS high
    UNION ALL
    SELECT CASE WHEN middle.is_earlier THEN middle.version + 1 ELSE h.low END,
           CASE WHEN middle.is_earlier THEN h.high ELSE h.low + (h.high - h.low) / 2 END
    FROM halved AS h LEFT JOIN LATERAL (
      SELECT m.snapshot_version AS version, m.at < to_timestamp(${time.getTime() / 1_000}::float8) AS is_earlier FROM chat_events AS m
      WHERE m.chat_id = ${chatId} AND m.snapshot_version >= h.low + (h.high - h.low) / 2 AND m.snapshot_version < h.high
      ORDER BY m.chat_id, m.snapshot_version LIMIT 1) AS middle ON true
    WHERE h.low < h.high)
  SELECT halved.low FROM halved WHERE halved.low >= halved.high)`;

/** First or last version of a chat's events, as far as numbers can be said: halving must not overflow. */
const edge = (chatId: Prisma.Sql, order: Prisma.Sql) => Prisma.sql`
  (SELECT m.snapshot_version FROM chat_events AS m
   WHERE m.chat_id = ${chatId} AND m.snapshot_version BETWEEN -9007199254740991 AND 9007199254740991
   ORDER BY m.chat_id ${order}, m.snapshot_version ${order} LIMIT 1)`;
