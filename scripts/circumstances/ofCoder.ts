/** Circumstances of chats in a Coder deployment, which has slots and a debug log. */
import type { Circumstance } from './circumstance.ts';

const slots = (used: number) => ({ platform: 'coder', pool: { kind: 'ROOT', used, capacity: 5 } });
const log = (ageSeconds: number) => ({ debugRun: { status: 'in_progress', ageSeconds, hasEnded: false } });
const minutes = (count: number) => ({ updatedAgeSeconds: 60 * count });
const leaseGone = { heartbeatState: 'MISSING', heartbeat: null, heartbeats: [] };

export const CODER_CIRCUMSTANCES: readonly Circumstance[] = [
  { what: 'Coder: all 5 slots are taken', state: 'R0', unowned: true, trouble: slots(5) },
  {
    what: 'Coder: all 5 slots have been taken for 10 min',
    state: 'R0',
    unowned: true,
    trouble: slots(5),
    database: minutes(10),
  },
  {
    what: 'Coder: all 5 slots are taken, and the deadline of its tool passed',
    state: 'A0',
    unowned: true,
    trouble: slots(5),
    database: { requiresActionSecondsLeft: -50 },
  },
  { what: 'Coder: one of 5 slots is free', state: 'R0', unowned: true, trouble: slots(4) },
  { what: 'Coder: 8 of 5 slots are taken', state: 'R0', unowned: true, trouble: slots(8) },
  {
    what: 'Coder: the person edits a queued message',
    state: 'INVALID',
    unowned: true,
    trouble: slots(0),
    database: { status: 'paused', queueDepth: 1 },
  },
  {
    what: 'Coder: its owner stopped, and its lease has gone',
    state: 'R0',
    notAsked: true,
    trouble: { ...slots(5), ownerRow: 'STOPPED' },
    database: leaseGone,
  },
  {
    what: 'Coder: its owner is in no row, and its lease is fresh',
    state: 'R0',
    notAsked: true,
    trouble: { ...slots(5), ownerRow: 'MISSING' },
  },
  {
    what: 'Coder: its lease is an hour ahead',
    state: 'R0',
    notAsked: true,
    trouble: slots(5),
    database: { heartbeat: { ageSeconds: -3600, staleAfterSeconds: 30 } },
  },
  {
    what: 'Coder: the row is an hour ahead, and one of 5 slots is free',
    state: 'R0',
    unowned: true,
    trouble: slots(4),
    database: { updatedAgeSeconds: -3600 },
  },
  {
    what: 'Coder: no change for 5 min, its debug log was just written',
    state: 'R0',
    notAsked: true,
    trouble: slots(5),
    database: { ...minutes(5), ...log(3) },
  },
  {
    what: 'Coder: no change for 5 min, nor in its debug log for 4',
    state: 'R0',
    notAsked: true,
    trouble: slots(5),
    database: { ...minutes(5), ...log(240) },
  },
  {
    what: 'Coder: no change for 5 min, and its last run ended 4 min ago',
    state: 'R0',
    notAsked: true,
    trouble: slots(5),
    database: { ...minutes(5), debugRun: { status: 'error', ageSeconds: 240, hasEnded: true } },
  },
  {
    what: 'Coder: the person interrupted it 5 min ago, and it has not stopped',
    state: 'I0',
    notAsked: true,
    trouble: slots(5),
    database: minutes(5),
  },
];
