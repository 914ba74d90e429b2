/** The worker's memory as runtime protocol 1 shows it: times in place of ages, and names in lower case. */
import { memoryUsage } from 'node:process';
import type { Clock } from '../../common/clock.ts';
import type { Lease, Loop, MessageBuffer, Runner, Task } from '../../domain/protocol/answers.ts';
import type { RuntimeSource } from '../../sdk/serve/source.ts';
import type { EventLoopDelay } from './eventLoopDelay.ts';
import type {
  Inspector,
  LeaseInspection,
  LoopInspection,
  MessageBufferInspection,
  RunnerInspection,
  TaskInspection,
} from './inspector.ts';

const MOST_LISTED = 100;

export function protocolSource(inspector: Inspector, eventLoopDelay: EventLoopDelay, clock: Clock): RuntimeSource {
  return {
    workerId: inspector.workerId,
    now: () => clock.now(),
    eventLoopDelayMs: () => eventLoopDelay.highestMs(),
    replica: (runners) => {
      const now = clock.now();
      const { startedAt, runnerCount, capacity, isFull, roomSeconds, isDraining, bufferCount, ...loops } =
        inspector.inspectReplica();
      return {
        ...{ startedAt: startedAt.toISOString(), runnerCount, capacity, isFull, isDraining, bufferCount },
        ...(!isFull && roomSeconds !== undefined && { roomSince: before(now, roomSeconds) }),
        residentBytes: memoryUsage.rss(),
        acquisition: loopOf(loops.acquisition),
        heartbeats: loopOf(loops.heartbeats),
        databaseSync: loopOf(loops.databaseSync),
        runnersByOwner: inspector.runnersByOwner?.(MOST_LISTED),
        refusedChats: inspector.refusedChats?.().slice(0, MOST_LISTED),
        ...(runners > 0 && {
          runners: inspector
            .inspectRunners(runners)
            .map((runner) => ({ ...runnerOf(runner, now), chatId: runner.chatId })),
        }),
      };
    },
    chat: (chatId) => {
      const { observedAt, runners, messageBuffers } = inspector.inspectChat(chatId);
      return {
        runners: runners.map((runner) => runnerOf(runner, observedAt)),
        messageBuffers: messageBuffers.map(bufferOf),
      };
    },
  };
}

const iso = (moment: Date | null): string | null => moment?.toISOString() ?? null;

/** Moment so many seconds before another. */
const before = (now: Date, seconds: number | null | undefined): string | null =>
  seconds === null || seconds === undefined ? null : new Date(now.getTime() - seconds * 1_000).toISOString();

/** Milliseconds by which a moment may differ from what its age says: neither is exact. */
const TOLERANCE_MS = 1_000;

/** Moment of which the age is known, by the clock as it is now: it may have been set since the moment was noted. */
function since(noted: Date | null, now: Date, seconds: number | null): string | null {
  if (noted === null || seconds === null) return iso(noted);
  const moment = new Date(now.getTime() - seconds * 1_000);
  return iso(Math.abs(moment.getTime() - noted.getTime()) < TOLERANCE_MS ? noted : moment);
}

const lower = <T extends string>(name: T | null): Lowercase<T> | null => name && (name.toLowerCase() as Lowercase<T>);

function runnerOf(runner: RunnerInspection, now: Date): Runner {
  const { runnerId, status, snapshotVersion, historyVersion, generationAttempt, lease } = runner;
  return {
    ...{ runnerId, status, snapshotVersion, historyVersion, generationAttempt },
    phase: lower(runner.phase),
    startedAt: since(runner.startedAt, now, runner.uptimeSeconds),
    lastUpdateAt: iso(runner.lastUpdateAt),
    idleSince: before(now, runner.idleSeconds),
    tasks: runner.tasks.map((task) => taskOf(task, now)),
    lease: lease && leaseOf(lease, now),
  };
}

function taskOf(task: TaskInspection, now: Date): Task {
  const { runningSeconds, secondsSinceProgress, secondsUntilRetry, waitsForDatabaseSeconds, ...rest } = task;
  return {
    ...rest,
    kind: task.kind.toLowerCase(),
    startedAt: since(task.startedAt, now, runningSeconds),
    cancelledAt: iso(task.cancelledAt),
    lastProgressAt: since(task.lastProgressAt, now, secondsSinceProgress),
    nextRetryAt: since(task.nextRetryAt, now, secondsUntilRetry && -secondsUntilRetry),
    waitsForDatabaseSince: before(now, waitsForDatabaseSeconds),
  };
}

const leaseOf = ({ ageSeconds, renewedAt, ...lease }: LeaseInspection, now: Date): Lease => ({
  ...lease,
  renewedAt: since(renewedAt, now, ageSeconds),
});

const bufferOf = ({ openedAt, lastPartAt, closedAt, ...buffer }: MessageBufferInspection): MessageBuffer => ({
  ...buffer,
  ...{ openedAt: iso(openedAt), lastPartAt: iso(lastPartAt), closedAt: iso(closedAt) },
});

const loopOf = ({ lastRunAt, ...loop }: LoopInspection): Loop => ({ ...loop, lastRunAt: iso(lastRunAt) });
