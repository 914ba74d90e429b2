/** Whether every table that is read can be entered: one that somebody locks keeps the question waiting. */
import { Prisma } from '../../../prisma/generated/client.ts';
import { relationOf } from '../tables/described.ts';
import { tablesOn } from '../tables/lacks.ts';
import { isReadable } from '../tables/sources.ts';
import type { Moment, Transaction } from '../transaction.ts';

/** Reads no row. Lease rows cannot be read on a hot standby. @throws what any question would */
export async function tablesAreThere(tx: Transaction, { heartbeatsReadable, platform }: Moment): Promise<void> {
  const tables = tablesOn(platform.name).filter(
    (table) => isReadable(platform.tables, table) && (heartbeatsReadable || table !== 'chat_heartbeats'),
  );
  const looks = tables.map(
    (table) => `SELECT true FROM (SELECT count(*) FROM ${relationOf(table, platform)} AS e WHERE false) AS t`,
  );
  await tx.$queryRaw(Prisma.raw(looks.join(' UNION ALL ')));
}
