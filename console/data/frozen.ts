/**
 * A list in which nothing moves by itself: rows stay where they are, and are renewed in place. Rows that have come wait
 * until they are taken in. Rows that are gone stay, marked, until then. Pure.
 */

interface Row<T> {
  readonly id: string;
  readonly group: string;
  readonly value: T;
  /** True: the last answer no longer has it. */
  readonly isGone: boolean;
}

export interface Frozen<T> {
  readonly rows: readonly Row<T>[];
  /** Rows of the last answer that are not shown yet, or not in the group to which they have come. */
  readonly waiting: number;
}

export interface Item<T> {
  readonly id: string;
  readonly group: string;
  readonly value: T;
}

/** Takes in all rows of an answer, group by group, in its order. */
export function takenIn<T>(items: readonly Item<T>[]): Frozen<T> {
  const groups = groupsOf(items.map((item) => ({ ...item, isGone: false })));
  return { rows: groups.flatMap(([, rows]) => rows), waiting: 0 };
}

/** Rows by their group, in the order in which the groups come. */
export function groupsOf<R extends { readonly group: string }>(rows: readonly R[]): [string, R[]][] {
  const groups = new Map<string, R[]>();
  for (const row of rows) {
    const group = groups.get(row.group);
    if (group) group.push(row);
    else groups.set(row.group, [row]);
  }
  return [...groups];
}

/** Renews the rows that are shown, and counts those that have come. An empty list takes all in: nothing can move. */
export function renewed<T>({ rows }: Frozen<T>, items: readonly Item<T>[]): Frozen<T> {
  if (rows.length === 0) return takenIn(items);
  const now = new Map(items.map((item) => [item.id, item]));
  const shown = new Map(rows.map(({ id, group }) => [id, group]));
  return {
    rows: rows.map((row) => {
      const item = now.get(row.id);
      return item ? { ...row, value: item.value, isGone: false } : { ...row, isGone: true };
    }),
    waiting: items.filter(({ id, group }) => shown.get(id) !== group).length,
  };
}
