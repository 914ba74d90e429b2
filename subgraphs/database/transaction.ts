/** The transaction that a reading of the database goes through, and how it begins. */
import { Prisma } from '../../prisma/generated/client.ts';
import type { Platform } from './platform.ts';
import type { TableName } from './tables/described.ts';
import { assertAskable, onTables, withoutTable } from './tables/sources.ts';
import type { FoundIndexes } from './wantedIndexes.ts';

/** What holds for all of a reading. */
export interface Moment {
  /** False on a hot standby: unlogged tables cannot be read there. */
  readonly heartbeatsReadable: boolean;
  readonly platform: Platform;
  /** Enters the table. Undefined: they are those of this project's migrations. */
  readonly indexes: (table: TableName) => Promise<FoundIndexes | undefined>;
}

/** What questions are put through. */
export interface Transaction {
  $queryRaw<T = unknown>(text: TemplateStringsArray | Prisma.Sql, ...values: unknown[]): Promise<T>;
  $executeRaw(text: TemplateStringsArray | Prisma.Sql, ...values: unknown[]): Promise<number>;
}

export type Question<T> = (tx: Transaction, moment: Moment) => Promise<T>;

/**
 * The same for one question: it reads what stands for tables that lack something.
 * @throws GraphQLError `SCHEMA_UNSUPPORTED` if it can do nothing with what there is
 */
export function transactionFor(question: string, tx: Transaction, { tables }: Platform): Transaction {
  assertAskable(tables, question);
  return tables.standIns.size === 0 ? tx : rewriting(tx, (statement) => onTables(tables, question, statement));
}

/** The same for a question that takes a table for empty. */
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
 * Asks within `limitMs`, and lets the transaction go on whatever comes of it. Rolling back to the savepoint also puts the
 * former time limit back.
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

/**
 * One statement for all settings; each ends with the transaction, so that a pooler in between is not confused. Every
 * question has an index, most of them one in the order of the answer, and whoever reads beside a busy system goes along it
 * as far as the answer needs: neither through a table nor through all of an index to sort what it finds there, whatever the
 * planner believes of a table that has grown since it was last analysed. Compiling a question would cost more than it.
 */
export async function begin(tx: Transaction, limitMs: number): Promise<{ isInRecovery: boolean }> {
  const [row] = await tx.$queryRaw<{ isInRecovery: boolean }[]>`
    SELECT set_config('transaction_read_only', 'on', true),
           set_config('statement_timeout', ${String(limitMs)}, true),
           set_config('TimeZone', 'UTC', true),
           set_config('DateStyle', 'ISO', true),
           set_config('enable_seqscan', 'off', true),
           set_config('enable_bitmapscan', 'off', true),
           set_config('jit', 'off', true),
           pg_is_in_recovery() AS "isInRecovery"`;
  if (!row) throw new TypeError('SELECT without FROM gave no row');
  return row;
}
