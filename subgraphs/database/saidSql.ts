/** Integers and JSON as a client can be told them: a column holds more than an answer can. */
import { Prisma } from '../../prisma/generated/client.ts';

/** True for a whole number that JSON numbers carry without loss; null for null. A view may show a numeric. */
export const isSafe = (integer: Prisma.Sql): Prisma.Sql =>
  Prisma.sql`(${integer} BETWEEN -9007199254740991 AND 9007199254740991 AND ${integer} % 1 = 0)`;

/** The integer, or null if a JSON number cannot carry it. */
export const safe = (integer: Prisma.Sql): Prisma.Sql =>
  Prisma.sql`CASE WHEN ${isSafe(integer)} THEN ${integer}::float8 END`;

/** Stored bytes up to which JSON is read whole; it hardly ever has more. */
const SMALL = Prisma.raw('2000');
/** Characters of one text inside larger JSON that are read; only a small part is ever shown. */
const LOOKED_AT = Prisma.raw('10000');

/** Members of an object that leave: texts, and those that are numbers or booleans. */
export interface Members {
  readonly texts: readonly string[];
  readonly others: readonly string[];
}

/**
 * JSON that somebody else wrote, of a size that can be read: of what is large, a text or the members of an object. An array
 * is null; it says nothing that this version knows. What of it is said is for the reader to choose.
 */
export const readableJson = (json: Prisma.Sql, { texts, others }: Members): Prisma.Sql => Prisma.sql`
  CASE WHEN jsonb_typeof(${json}) = 'array' THEN NULL WHEN pg_column_size(${json}) <= ${SMALL} THEN ${json}
    WHEN jsonb_typeof(${json}) = 'object' THEN jsonb_strip_nulls(jsonb_build_object(${Prisma.join([
      ...texts.map((name) => Prisma.sql`${quoted(name)}, left(${member(json, name, IS_TEXT)} #>> '{}', ${LOOKED_AT})`),
      ...others.map((name) => Prisma.sql`${quoted(name)}, ${member(json, name, IS_SHORT)}`),
    ])}))
    WHEN jsonb_typeof(${json}) = 'string' THEN to_jsonb(left(${json} #>> '{}', ${LOOKED_AT})) END`;

const quoted = (name: string) => Prisma.raw(`'${name}'`);
const IS_TEXT = '@.type() == "string"';
const IS_SHORT = '@.type() == "number" || @.type() == "boolean"';

/** The member, or null where it is missing or of another type. */
const member = (json: Prisma.Sql, name: string, is: string) =>
  Prisma.sql`jsonb_path_query_first(${json}, ${Prisma.raw(`'strict $.${name} ? (${is})'`)}, '{}', true)`;
