import { RUNNABLE } from '../executionStateSql.ts';
import type { Transaction } from '../transaction.ts';

/** Whether any chat waits for a tool outside. Looks at runnable chats alone. */
export async function waitsOutside(tx: Transaction): Promise<boolean> {
  const rows = await tx.$queryRaw<unknown[]>`
    SELECT true FROM chats AS c WHERE ${RUNNABLE} AND c.status = 'requires_action' LIMIT 1`;
  return rows.length > 0;
}
