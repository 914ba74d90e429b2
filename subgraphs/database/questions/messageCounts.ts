/** Counting messages is the one question that grows with the age of a chat, so its time is limited on its own. */
import type { Transaction } from '../reading.ts';
import { sqlState } from '../unavailable.ts';

export interface MessageCountRow {
  readonly chatId: string;
  /** Any text: the enum can gain values. */
  readonly role: string;
  readonly kept: number;
  readonly deleted: number;
}

const QUERY_CANCELED = '57014';

/**
 * Messages by chat and role, deleted ones apart. Undefined when counting takes longer than `limitMs`: the transaction
 * goes on as if nothing had been asked. Rolling back to the savepoint also puts the former time limit back.
 */
export async function messageCounts(
  tx: Transaction,
  chatIds: readonly string[],
  limitMs: number,
): Promise<MessageCountRow[] | undefined> {
  await tx.$executeRaw`SAVEPOINT before_counting`;
  await tx.$queryRaw`SELECT set_config('statement_timeout', ${String(limitMs)}, true)`;
  const [counted] = await Promise.allSettled([count(tx, chatIds)]);
  await tx.$executeRaw`ROLLBACK TO SAVEPOINT before_counting`;
  if (counted.status === 'fulfilled') return counted.value;
  if (sqlState(counted.reason) === QUERY_CANCELED) return undefined;
  throw counted.reason;
}

const count = (tx: Transaction, chatIds: readonly string[]): Promise<MessageCountRow[]> => tx.$queryRaw`
  SELECT m.chat_id AS "chatId", m.role::text AS role,
         count(*) FILTER (WHERE NOT m.deleted)::float8 AS kept,
         count(*) FILTER (WHERE m.deleted)::float8 AS deleted
  FROM chat_messages AS m
  WHERE m.chat_id = ANY(${chatIds}::uuid[])
  GROUP BY m.chat_id, m.role`;
