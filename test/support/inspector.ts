/** A made-up memory of a replica. */
import type { Inspector, RunnerInspection } from '../../subgraphs/runtime/inspector.ts';

/** A worker that holds one runner for every chat it is asked about, with the chat's id as its own, since the year 2020. */
export function inspectorOf(workerId: string): Inspector {
  const startedAt = new Date('2020-01-01T00:00:00Z');
  const runner = (chatId: string): RunnerInspection => ({
    ...{ runnerId: chatId, workerId, chatId, phase: 'RUNNING', startedAt, uptimeSeconds: 1, status: 'running' },
    ...{ snapshotVersion: 1, historyVersion: 1, generationAttempt: 1, lastUpdateAt: startedAt },
    ...{ activeTaskKind: null, activeTask: null, tasks: [], idleSeconds: 1 },
    lease: { renewedAt: null, ageSeconds: null, intervalSeconds: 9, staleAfterSeconds: 30, consecutiveFailures: 0 },
  });
  const loop = { lastRunAt: null, lastError: null, consecutiveFailures: 0, intervalSeconds: 5 };
  const loops = { acquisition: loop, heartbeats: loop, databaseSync: loop };
  const counts = { runnerCount: 42, capacity: 100, isFull: false, bufferCount: 0, bufferBytes: 0 };
  return {
    workerId,
    inspectChat: (chatId) => ({ observedAt: startedAt, runners: [runner(chatId)], messageBuffers: [] }),
    inspectReplica: () => ({ startedAt, ...counts, ...loops }),
    inspectRunners: (count) => Array.from({ length: Math.min(count, 3) }, () => runner(workerId)),
    follow: async function* () {},
  };
}
