/** Check that every table can be entered. A locked one keeps the question waiting. */
import { Prisma } from '../../../prisma/generated/client.ts';
import { relationOf } from '../tables/described.ts';
import { tablesOn } from '../tables/lacks.ts';
import { isReadable } from '../tables/sources.ts';
import type { Moment, Transaction } from '../transaction.ts';

/**
 * Enters the tables and reads no row. A hot standby cannot read lease rows.
 * @throws the errors of any question
 */
export async function tablesAreThere(tx: Transaction, { heartbeatsReadable, platform }: Moment): Promise<void> {
  const tables = tablesOn(platform.name).filter(
    (table) => isReadable(platform.tables, table) && (heartbeatsReadable || table !== 'chat_heartbeats'),
  );
  const looks = tables.map(
    (table) => `SELECT true FROM (SELECT count(*) FROM ${relationOf(table, platform)} AS e WHERE false) AS t`,
  );
  await tx.$queryRaw(Prisma.raw(looks.join(' UNION ALL ')));
}
