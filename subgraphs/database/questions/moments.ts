/** Times as a client can be told them. A stored time may be infinite, or of a year that RFC 3339 has no digits for. */
import { Prisma } from '../../../prisma/generated/client.ts';

/** The time itself, or null where it cannot be said. Infinity is beyond either end. */
export const sayable = (time: Prisma.Sql): Prisma.Sql => Prisma.sql`
  CASE WHEN ${time} >= '0001-01-01 00:00:00+00'::timestamptz AND ${time} < '10000-01-01 00:00:00+00'::timestamptz THEN ${time} END`;

/** Seconds from then to the moment of the reading; negative for a time ahead of the clock; null where `sayable` is. */
export const ageSeconds = (time: Prisma.Sql): Prisma.Sql => Prisma.sql`
  extract(epoch FROM now() - (${sayable(time)}))::float8`;
