/** Counts by role become a chat's statistics. Pure. */
import type { MessageCountRow } from './questions/messageCounts.ts';

export interface MessageStats {
  readonly total: number;
  readonly deleted: number;
  readonly byRole: readonly { readonly role: string; readonly count: number }[];
}

/** Of the rows of one chat; none is a chat without messages. `total` adds up whatever roles there are. */
export function toMessageStats(rows: readonly MessageCountRow[]): MessageStats {
  const deleted = rows.reduce((sum, row) => sum + row.deleted, 0);
  const kept = rows.reduce((sum, row) => sum + row.kept, 0);
  const byRole = rows
    .filter((row) => row.kept > 0)
    .map(({ role, kept: count }) => ({ role, count }))
    .sort((a, b) => (a.role < b.role ? -1 : 1));
  return { total: deleted + kept, deleted, byRole };
}
