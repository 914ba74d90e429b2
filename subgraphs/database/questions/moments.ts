/**
 * Times as a client can be told them.
 * A stored time may be infinite, or of a year that RFC 3339 has no digits for. It becomes null before anything is
 * computed with it.
 * On Postgres 16 and older, `now() - 'infinity'` is an error.
 */
import { Prisma } from '../../../prisma/generated/client.ts';

export const EARLIEST_SAYABLE = Prisma.sql`'0001-01-01 00:00:00+00'::timestamptz`;
/** The first moment after all that can be said. */
export const BEYOND_SAYABLE = Prisma.sql`'10000-01-01 00:00:00+00'::timestamptz`;

/** True if the time lies in the years 1 to 9999; null for null. */
export const isSayable = (time: Prisma.Sql): Prisma.Sql => Prisma.sql`
  (${time} >= ${EARLIEST_SAYABLE} AND ${time} < ${BEYOND_SAYABLE})`;

/** The time, or null where it is no moment. Infinity is beyond either end. */
export const sayable = (time: Prisma.Sql): Prisma.Sql => Prisma.sql`CASE WHEN ${isSayable(time)} THEN ${time} END`;

/**
 * Seconds from then to the moment of the reading; negative for a time ahead of the clock. Null where `sayable` is.
 * `extract` would give a numeric, which costs several times as much.
 */
export const ageSeconds = (time: Prisma.Sql): Prisma.Sql => Prisma.sql`date_part('epoch', now() - (${sayable(time)}))`;

/** Moment so many seconds before the reading. */
export const secondsAgo = (seconds: number): Prisma.Sql => Prisma.sql`now() - ${seconds}::float8 * interval '1 s'`;

/** Moment so many seconds after the reading. */
export const inSeconds = (seconds: number): Prisma.Sql => Prisma.sql`now() + ${seconds}::float8 * interval '1 s'`;
