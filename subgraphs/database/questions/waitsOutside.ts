import { RUNNABLE } from '../executionStateSql.ts';
import { chatsOf, type Platform } from '../platform.ts';
import type { Transaction } from '../transaction.ts';

/** Whether any chat waits for a tool outside. Looks at runnable chats alone. */
export async function waitsOutside(tx: Transaction, platform: Platform): Promise<boolean> {
  const rows = await tx.$queryRaw<unknown[]>`
    SELECT true FROM ${chatsOf(platform)} AS c WHERE ${RUNNABLE} AND c.status = 'requires_action' LIMIT 1`;
  return rows.length > 0;
}
