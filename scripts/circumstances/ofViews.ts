/** Circumstances of chats on another platform, known by views over its tables. Nothing is known but what is told. */
import type { Circumstance } from './circumstance.ts';

const trouble = { platform: 'views' };
/** Columns that a platform of others seldom has. */
const row = {
  ...{ snapshotVersion: null, historyVersion: null, retryStateVersion: null, generationAttempt: null },
  ...{ lastMessage: null, turn: null, openCalls: null, lostChildren: null },
};
const waits = (retryState: Record<string, unknown>, retrySecondsLeft: number | null) => ({
  ...({ state: 'R0', unowned: true, trouble, database: { ...row, retryState, retrySecondsLeft } } as const),
});
/** Task in a worker's own words. */
const job = { kind: 'OTHER', label: 'index', attempt: 1, maxAttempts: 9 };
const untold = { snapshotVersion: null, idleSeconds: null, lease: null };
const noRunner = { runnerId: null, heartbeat: null, heartbeats: [], heartbeatState: null };
const unseen = { reachability: { status: 'UNKNOWN_REPLICA' }, runners: null, messageBuffers: null };

export const VIEWS_CIRCUMSTANCES: readonly Circumstance[] = [
  { what: 'Views: it is to start in an hour', ...waits({ attempt: 0, kind: 'scheduled' }, 3_600) },
  { what: 'Views: its queue works on another one', ...waits({ attempt: 0, kind: 'queue' }, null) },
  { what: 'Views: three tries failed, and the next is in 30 s', ...waits({ attempt: 3, kind: 'failed' }, 30) },
  { what: 'Views: six tries failed, and the next is in a day', ...waits({ attempt: 6, kind: 'failed' }, 86_400) },
  { what: 'Views: nobody has taken it for a minute', state: 'R0', unowned: true, trouble, database: row },
  {
    what: 'Views: a status of its own',
    ...{ state: 'INVALID', unowned: true, trouble },
    database: { ...row, status: 'paused' },
  },
  {
    what: 'Views: its worker tells of a run, and of nothing else',
    ...{ state: 'R0', trouble, database: row },
    runner: { ...untold, activeTask: null, tasks: [] },
    runtime: { messageBuffers: [{ historyVersion: 1, generationAttempt: 1, partsDropped: 0, isClosed: false }] },
  },
  {
    what: 'Views: a task without a promise has been silent for an hour',
    ...{ state: 'R0', trouble, database: row, runner: untold },
    task: { ...job, secondsSinceProgress: null },
  },
  {
    what: 'Views: a task that promised progress every 60 s has been silent for 70 s',
    ...{ state: 'R0', trouble, database: row, runner: untold },
    task: { ...job, secondsSinceProgress: 70, progressWithinSeconds: 60 },
  },
  {
    what: 'Views: its worker does not hold it',
    ...{ state: 'R0', trouble, database: row, runtime: { runners: [] } },
  },
  {
    what: 'Views: the row knows a worker, and no runner',
    ...{ state: 'R0', trouble, database: { ...row, ...noRunner } },
  },
  { what: 'Views: its worker is in no row of `replicas`', ...{ state: 'R0', trouble, database: row, runtime: unseen } },
  {
    what: 'Views: the same, and the row knows no runner',
    ...{ state: 'R0', trouble, database: { ...row, ...noRunner }, runtime: unseen },
  },
];
