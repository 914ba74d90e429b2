/** Statistics of a chat from counts by role. Pure. */
import type { MessageCountRow } from './questions/messageCounts.ts';

export interface MessageStats {
  readonly total: number;
  readonly deleted: number;
  readonly byRole: readonly { readonly role: string; readonly count: number }[];
}

/** Adds up the rows of one chat; no row means no messages. `total` includes roles of any name. */
export function toMessageStats(rows: readonly MessageCountRow[]): MessageStats {
  const sum = (some: readonly MessageCountRow[]) => some.reduce((total, row) => total + row.count, 0);
  const kept = rows.filter((row) => !row.deleted);
  const byRole = kept.map(({ role, count }) => ({ role, count })).sort((a, b) => (a.role < b.role ? -1 : 1));
  return { total: sum(rows), deleted: sum(rows.filter((row) => row.deleted)), byRole };
}
