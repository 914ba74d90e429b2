/** The transaction of a reading, and its beginning. */
import { Prisma } from '../../prisma/generated/client.ts';
import type { Platform } from './platform.ts';
import type { TableName } from './tables/described.ts';
import { assertAskable, onTables, withoutTable } from './tables/sources.ts';
import type { FoundIndexes } from './wantedIndexes.ts';

/** Facts that hold for all of a reading. */
export interface Moment {
  /** True if lease rows can be read. A hot standby cannot read unlogged tables. */
  readonly heartbeatsReadable: boolean;
  readonly platform: Platform;
  /** Reads the indexes of a table, which it enters. Undefined: they are those of this project's migrations. */
  readonly indexes: (table: TableName) => Promise<FoundIndexes | undefined>;
}

/** Connection on which questions are put. */
export interface Transaction {
  $queryRaw<T = unknown>(text: TemplateStringsArray | Prisma.Sql, ...values: unknown[]): Promise<T>;
  $executeRaw(text: TemplateStringsArray | Prisma.Sql, ...values: unknown[]): Promise<number>;
}

/** Asks the database something, by one moment. */
export type DatabaseQuestion<T> = (tx: Transaction, moment: Moment) => Promise<T>;

/**
 * Makes the transaction of one question, with stand-ins for tables that lack something.
 * @throws GraphQLError `SCHEMA_UNSUPPORTED` if it can do nothing with what there is
 */
export function transactionFor(question: string, tx: Transaction, { tables }: Platform): Transaction {
  assertAskable(tables, question);
  return tables.standIns.size === 0 ? tx : rewriting(tx, (statement) => onTables(tables, question, statement));
}

/** Makes the transaction of a question that takes a table for empty. */
export const transactionWithout = (table: TableName, tx: Transaction): Transaction =>
  rewriting(tx, (statement) => withoutTable(table, statement));

function rewriting(tx: Transaction, rewrite: (statement: Prisma.Sql) => Prisma.Sql): Transaction {
  const rewritten = (text: TemplateStringsArray | Prisma.Sql, values: unknown[]) =>
    rewrite('raw' in text ? Prisma.sql(text, ...values) : text);
  return {
    $queryRaw: (text, ...values) => tx.$queryRaw(rewritten(text, values)),
    $executeRaw: (text, ...values) => tx.$executeRaw(rewritten(text, values)),
  };
}

/**
 * Asks within `limitMs` milliseconds, and keeps the transaction usable whatever happens. Rolling back to the savepoint
 * also restores the former time limit.
 */
export async function limited<T>(
  tx: Transaction,
  limitMs: number,
  question: () => Promise<T>,
): Promise<PromiseSettledResult<T>> {
  await tx.$executeRaw`SAVEPOINT before_question`;
  await tx.$queryRaw`SELECT set_config('statement_timeout', ${String(limitMs)}, true)`;
  const [answered] = await Promise.allSettled([question()]);
  await tx.$executeRaw`ROLLBACK TO SAVEPOINT before_question`;
  return answered;
}

/** What the beginning of a transaction finds. */
export interface Begun {
  readonly isInRecovery: boolean;
  /** The `statement_timeout` that the connection had before, in seconds; 0: none. */
  readonly connectionLimitSeconds: number;
}

/**
 * Settings of every session that reads.
 * Every question goes along an index, most in the order of the answer, as far as the answer needs.
 * So scans of tables and sorts of whole indexes are switched off, whatever the planner believes of a table that has
 * grown.
 * Compiling a question would cost more than running it.
 */
export const READER_SETTINGS = {
  TimeZone: 'UTC',
  DateStyle: 'ISO',
  enable_seqscan: 'off',
  enable_bitmapscan: 'off',
  jit: 'off',
} as const;

const SET_FOR_THE_TRANSACTION = Prisma.join(
  Object.entries(READER_SETTINGS).map(([name, value]) => Prisma.sql`set_config(${name}, ${value}, true)`),
);

/**
 * Begins the transaction: one statement for all settings. They end with it, so that a pooler in between is not
 * confused.
 */
export async function begin(tx: Transaction, limitMs: number): Promise<Begun> {
  const [row] = await tx.$queryRaw<Begun[]>`
    WITH before AS MATERIALIZED (SELECT current_setting('statement_timeout')::interval AS time_limit)
    SELECT set_config('transaction_read_only', 'on', true),
           set_config('statement_timeout', ${String(limitMs)}, true),
           ${SET_FOR_THE_TRANSACTION},
           pg_is_in_recovery() AS "isInRecovery",
           extract(epoch FROM before.time_limit)::float8 AS "connectionLimitSeconds"
    FROM before`;
  if (!row) throw new TypeError('SELECT without FROM gave no row');
  return row;
}
