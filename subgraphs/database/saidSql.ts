/** Integers and JSON as a client can be told them: a column holds more than an answer can. */
import { Prisma } from '../../prisma/generated/client.ts';

/** True for an int8 that JSON numbers carry without loss; null for null. */
export const isSafe = (integer: Prisma.Sql): Prisma.Sql =>
  Prisma.sql`(${integer} BETWEEN -9007199254740991 AND 9007199254740991)`;

/** The integer, or null if a JSON number cannot carry it. */
export const safe = (integer: Prisma.Sql): Prisma.Sql =>
  Prisma.sql`CASE WHEN ${isSafe(integer)} THEN ${integer}::float8 END`;

/** Characters of one text inside JSON that are looked at; only a small part is ever shown. */
const LOOKED_AT = Prisma.raw('10000');

/**
 * Foreign JSON, made small: the named members of an object, each a text, a number or a boolean, else null. An array is
 * null, because it says nothing that this version knows.
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
