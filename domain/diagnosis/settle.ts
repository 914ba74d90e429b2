/** Choice between two readings of a chat. Pure. */
import type { Candidate, Runtime, Snapshot } from './snapshot.ts';

/**
 * Takes the second reading, and completes it from the first.
 *
 * - Room of replicas: the first reading counts where no time was left to ask them again.
 * - Memory of a replica that was asked too late: the first counts if the row has not changed in between.
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
