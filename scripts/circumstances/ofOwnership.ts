/** Circumstances of the row and of its owners, one after the other. */
import type { Circumstance, Fields } from './circumstance.ts';

const full = { workerId: null, reachability: { status: 'OK' }, isFull: true, isDraining: false };
const started = { ...full, isFull: false, roomSeconds: 2 };
const silent = { ...full, reachability: { status: 'TIMED_OUT' }, isFull: null };
const leases = ['1', '2'].map((digit) => ({ runnerId: digit, ageSeconds: 3 }));
/** Owners that each held the chat for 20 s and began an attempt, newest first. The newest is the row's. */
const owners = (count: number, ended: string, more: Fields = {}) =>
  Array.from({ length: count }, (_, i) => ({
    ...{ workerId: null, runnerId: null, ageSeconds: 20 * (i + 1), seconds: 20, ended: i === 0 ? null : ended },
    ...{ stepsCommitted: 0, attempts: 1, ownerRow: 'ALIVE', ...(i === 0 ? NEWEST : more) },
  }));
const NEWEST = { workerId: '00000000-0000-4000-8000-000000000001', runnerId: '00000000-0000-4000-8000-000000000002' };
const begun = (times: number) => ({ generationAttempt: times, retryStateVersion: 0 });
const versions = (snapshotVersion: number) => ({ snapshotVersion, historyVersion: 5 });

export const OWNERSHIP_CIRCUMSTANCES: readonly Circumstance[] = [
  {
    what: 'a status that this version does not know',
    state: 'INVALID',
    database: { status: 'compacting' },
    unowned: true,
  },
  {
    what: 'a time in the row cannot be shown',
    state: 'R0',
    database: { updatedAgeSeconds: null, unreadable: ['updatedAt'] },
  },
  { what: 'the turn took too long to read', state: 'R0', database: { turn: null, unreadable: ['turn'] } },
  {
    what: 'the database takes no writes',
    state: 'R0',
    unowned: true,
    trouble: { canWrite: false, isInRecovery: false },
  },
  {
    what: 'a session holds the row for 20 s',
    state: 'R0',
    unowned: true,
    trouble: { rowLocked: true, rowLockedSeconds: 20 },
  },
  {
    what: 'a session holds the row for 20 s, and no replicas are asked',
    state: 'R0',
    notAsked: true,
    trouble: { rowLocked: true, rowLockedSeconds: 20, rowAwaited: false },
  },
  {
    what: 'a session holds the row for 20 s, no replicas are asked, and somebody waits for the row',
    state: 'R0',
    notAsked: true,
    trouble: { rowLocked: true, rowLockedSeconds: 20, rowAwaited: true },
  },
  {
    what: 'the row is an hour ahead of the clock, and nobody owns the chat',
    state: 'R0',
    unowned: true,
    database: { updatedAgeSeconds: -3600 },
  },
  {
    what: 'the row is an hour ahead of the clock, and its owner works',
    state: 'R0',
    database: { updatedAgeSeconds: -3600 },
  },
  {
    what: 'a second owner began the step a third time',
    state: 'R0',
    database: { ...begun(3), heartbeats: leases, updatedAgeSeconds: 20 },
  },
  {
    what: 'a second owner began the step a fifth time, 20 s ago',
    state: 'R0',
    database: { ...begun(5), heartbeats: leases, updatedAgeSeconds: 20 },
  },
  {
    what: 'the same a minute ago, and the owner has kept its lease since',
    state: 'R0',
    database: { ...begun(5), heartbeats: leases },
  },
  {
    what: 'by its history, the third owner began the step; the two before it were lost',
    state: 'R0',
    database: { ...begun(3), updatedAgeSeconds: 20 },
    recentOwners: owners(3, 'TAKEN_OVER', { ownerRow: 'STALE' }),
  },
  {
    what: 'by its history, the fifth owner began the step; the four before it were lost',
    state: 'R0',
    database: { ...begun(5), updatedAgeSeconds: 20 },
    recentOwners: owners(5, 'TAKEN_OVER', { ownerRow: 'STALE' }),
  },
  {
    what: 'by its history, one owner was lost, and the second began the step four times',
    state: 'R0',
    database: { ...begun(5), updatedAgeSeconds: 20, heartbeats: leases },
    recentOwners: owners(2, 'TAKEN_OVER').map((owner, i) => ({ ...owner, attempts: i === 0 ? 4 : 1 })),
  },
  {
    what: 'four live owners gave it up within 80 s',
    state: 'R0',
    database: { ...begun(5), ...versions(13), updatedAgeSeconds: 20 },
    recentOwners: owners(5, 'HANDED_OVER'),
    runner: { snapshotVersion: 13 },
  },
  {
    what: 'the same, and the fifth has kept its lease for a minute',
    state: 'R0',
    database: { ...begun(5), ...versions(13) },
    recentOwners: owners(5, 'HANDED_OVER'),
    runner: { snapshotVersion: 13 },
  },
  {
    what: 'four owners gave it up within 80 s, and have stopped',
    state: 'R0',
    database: { ...begun(5), ...versions(15), updatedAgeSeconds: 20 },
    recentOwners: owners(5, 'HANDED_OVER', { ownerRow: 'STOPPED' }),
    runner: { snapshotVersion: 15 },
  },
  { what: 'all 3 replicas are full', state: 'R0', unowned: true, candidates: [full, full, full] },
  { what: 'two are full, and one does not answer', state: 'R0', unowned: true, candidates: [full, full, silent] },
  { what: 'one is full, and one has just started', state: 'R0', unowned: true, candidates: [full, started] },
  {
    what: 'all replicas have been full for 2 min',
    state: 'R0',
    unowned: true,
    candidates: [full],
    database: { updatedAgeSeconds: 120 },
  },
];
