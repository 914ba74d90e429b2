import { RUNNABLE } from '../executionStateSql.ts';
import { chatsOf, type Platform } from '../platform.ts';
import type { Transaction } from '../transaction.ts';

/** Check whether any chat waits for an outside tool. It looks only at runnable chats. */
export async function waitsOutside(tx: Transaction, platform: Platform): Promise<boolean> {
  const rows = await tx.$queryRaw<unknown[]>`
    SELECT true FROM ${chatsOf(platform)} AS c WHERE ${RUNNABLE} AND c.status = 'requires_action' LIMIT 1`;
  return rows.length > 0;
}
