/** From two readings of a chat, the one to judge by. Pure. */
import type { Candidate, Runtime, Snapshot } from './snapshot.ts';

/**
 * The second reading. What replicas said in the first of their own room counts where no time was left to ask them again:
 * whoever could not be reached in the first has used it up. Where it came too late to ask a replica again, what that replica said in between counts, provided that
 * the row has not changed from the one reading to the other: then it was said of this very row.
 */
export function settle(first: Snapshot, again: Snapshot): Snapshot {
  const second = { ...again, candidates: settledCandidates(first, again) };
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

function settledCandidates(first: Snapshot, { candidates }: Snapshot): Snapshot['candidates'] {
  const before = new Map(first.candidates?.map((one) => [one.workerId, one]));
  const isSilent = (one: Candidate | undefined) => one?.reachability?.status === 'TIMED_OUT';
  return candidates?.map((now) => (isSilent(now) ? (before.get(now.workerId) ?? now) : now)) ?? null;
}

function sameRow({ database: a }: Snapshot, { database: b }: Snapshot): boolean {
  if (!a || !b || a.snapshotVersion === null) return false;
  return a.workerId === b.workerId && a.runnerId === b.runnerId && a.snapshotVersion === b.snapshotVersion;
}
