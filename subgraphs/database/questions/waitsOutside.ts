import { chatsOf, type Platform } from '../platform.ts';
import type { Transaction } from '../transaction.ts';

/** Check whether any chat waits for an outside tool. It looks only at runnable chats. */
export async function waitsOutside(tx: Transaction, platform: Platform): Promise<boolean> {
  const rows = await tx.$queryRaw<unknown[]>`
    SELECT true FROM ${chatsOf(platform)} AS c WHERE c.status = 'requires_action' AND NOT c.archived LIMIT 1`;
  return rows.length > 0;
}
