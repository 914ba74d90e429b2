/** Integers and JSON as a client can be told them: a column holds more than an answer can. */
import { Prisma } from '../../prisma/generated/client.ts';

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
