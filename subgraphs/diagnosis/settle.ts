/** From two readings of a chat, the one to judge by. Pure. */
import type { Runtime, Snapshot } from './snapshot.ts';

/**
 * The second reading. Where it came too late to ask a replica again, what that replica said in between counts, provided that
 * the row has not changed from the one reading to the other: then it was said of this very row.
 */
export function settle(first: Snapshot, second: Snapshot): Snapshot {
  if (!sameRow(first, second)) return second;
  const before = new Map(
    [first.runtime, ...(first.everywhere ?? [])].flatMap((one) => (one ? [[one.workerId, one]] : [])),
  );
  const orBefore = (now: Runtime): Runtime =>
    now.reachability?.status === 'TIMED_OUT' ? (before.get(now.workerId) ?? now) : now;
  return {
    ...second,
    runtime: second.runtime && orBefore(second.runtime),
    everywhere: second.everywhere?.map(orBefore) ?? null,
  };
}

function sameRow({ database: a }: Snapshot, { database: b }: Snapshot): boolean {
  if (!a || !b || a.snapshotVersion === null) return false;
  return a.workerId === b.workerId && a.runnerId === b.runnerId && a.snapshotVersion === b.snapshotVersion;
}
