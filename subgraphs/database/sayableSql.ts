/**
 * Which stored values can be said, in SQL. A column holds more than an answer can: `infinity`, years that RFC 3339 does
 * not know, integers beyond 2^53. Such a value becomes null before it is read and before anything is computed with it:
 * on Postgres 16 and older `now() - 'infinity'` is an error.
 */
import { Prisma } from '../../prisma/generated/client.ts';

/** Whether a moment lies in the years 1 to 9999; null for null. */
export const isSayable = (moment: Prisma.Sql): Prisma.Sql =>
  Prisma.sql`(${moment} >= '0001-01-01 00:00:00+00' AND ${moment} < '10000-01-01 00:00:00+00')`;

/** The moment, or null. */
export const sayable = (moment: Prisma.Sql): Prisma.Sql =>
  Prisma.sql`CASE WHEN ${isSayable(moment)} THEN ${moment} END`;

/** Seconds since a moment by the database's clock, to the microsecond; negative for one ahead; null where it cannot be said. */
export const ageOf = (moment: Prisma.Sql): Prisma.Sql =>
  Prisma.sql`CASE WHEN ${isSayable(moment)} THEN extract(epoch FROM now() - ${moment})::float8 END`;

/** Whether an int8 is an integer that JSON numbers carry without loss; null for null. */
export const isSafe = (integer: Prisma.Sql): Prisma.Sql =>
  Prisma.sql`(${integer} BETWEEN -9007199254740991 AND 9007199254740991)`;

/** The integer, or null. */
export const safe = (integer: Prisma.Sql): Prisma.Sql =>
  Prisma.sql`CASE WHEN ${isSafe(integer)} THEN ${integer}::float8 END`;

/** What is looked at of one text inside JSON; no more than a small part of it is ever shown. */
const LOOKED_AT = Prisma.raw('10000');

/**
 * JSON that somebody else wrote, made small: of an object the members with these names, each a text, a number or a
 * boolean, else null. An array is null; it says nothing that this version knows.
 */
export const saidJson = (json: Prisma.Sql, members: readonly string[]): Prisma.Sql => Prisma.sql`
  CASE jsonb_typeof(${json})
    WHEN 'object' THEN (
      SELECT COALESCE(jsonb_object_agg(m.key, ${plainJson(Prisma.sql`m.value`)}), '{}')
      FROM jsonb_each(${json}) AS m WHERE m.key IN (${Prisma.raw(members.map((name) => `'${name}'`).join(', '))}))
    ELSE ${plainJson(json)} END`;

const plainJson = (json: Prisma.Sql): Prisma.Sql => Prisma.sql`
  CASE jsonb_typeof(${json})
    WHEN 'string' THEN to_jsonb(left(${json} #>> '{}', ${LOOKED_AT}))
    WHEN 'number' THEN CASE WHEN ${json}::numeric BETWEEN -1e300 AND 1e300 THEN ${json} END
    WHEN 'boolean' THEN ${json} END`;
