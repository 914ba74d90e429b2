/** Counts by role become a chat's statistics. Pure. */
import type { MessageCountRow } from './questions/messageCounts.ts';

export interface MessageStats {
  readonly total: number;
  readonly deleted: number;
  readonly byRole: readonly { readonly role: string; readonly count: number }[];
}

/** Of the rows of one chat; none is a chat without messages. `total` adds up whatever roles there are. */
export function toMessageStats(rows: readonly MessageCountRow[]): MessageStats {
  const sum = (some: readonly MessageCountRow[]) => some.reduce((total, row) => total + row.count, 0);
  const kept = rows.filter((row) => !row.deleted);
  const byRole = kept.map(({ role, count }) => ({ role, count })).sort((a, b) => (a.role < b.role ? -1 : 1));
  return { total: sum(rows), deleted: sum(rows.filter((row) => row.deleted)), byRole };
}
