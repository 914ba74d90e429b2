import { Prisma } from '../../../prisma/generated/client.ts';

/**
 * SQL for the first version of a chat whose event is of this time or later, or one beyond the last.
 * An event of a later version is of a later time, so halving finds it with a few looks into the index of versions. To walk
 * there would take a second in a history of a million events. An index by chat and time would cost each event a third more.
 * The time goes there as a number: Postgres reads no text of the year 0 or 10000, which a client's time with an offset can be.
 */
export const firstVersionAt = (chatId: Prisma.Sql, time: Date): Prisma.Sql => Prisma.sql`
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
