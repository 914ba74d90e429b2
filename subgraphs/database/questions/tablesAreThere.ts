/** Whether every column that is read is there, and every table can be entered: a table that somebody locks keeps it waiting. */
import { Prisma } from '../../../prisma/generated/client.ts';
import type { Moment, Transaction } from '../transaction.ts';
import { columnsReadOf } from './databaseHealth.ts';

/** Reads no row. Lease rows cannot be read on a hot standby. @throws what any question would */
export async function tablesAreThere(tx: Transaction, { heartbeatsReadable, platform }: Moment): Promise<void> {
  const tables = Object.entries(columnsReadOf(platform.chats)).filter(
    ([table]) => heartbeatsReadable || table !== 'chat_heartbeats',
  );
  const looks = tables.map(
    ([table, columns]) => `SELECT true FROM (SELECT ${columns.join(', ')} FROM ${table} LIMIT 0) AS t`,
  );
  await tx.$queryRaw(Prisma.raw(looks.join(' UNION ALL ')));
}
