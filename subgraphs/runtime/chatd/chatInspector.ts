/** The chat worker as the runtime subgraph sees it. It reads only memory, and copies what it shows. */
import type { Inspector, RunnerInspection } from '../inspector.ts';
import type { Runner } from './runner.ts';
import type { ChatWorker } from './worker.ts';

export function inspectorOf(worker: ChatWorker): Inspector {
  const { runners, settings, kit } = worker;
  const lease = {
    intervalSeconds: settings.heartbeatIntervalSeconds,
    staleAfterSeconds: settings.staleAfterSeconds,
  };
  const inspect = (runner: Runner): RunnerInspection => runner.inspect(lease);
  return {
    workerId: settings.workerId,
    inspectChat: (chatId) => ({
      observedAt: kit.clock.now(),
      runners: runners.ofChat(chatId).map(inspect),
      messageBuffers: kit.buffers.ofChat(chatId).map((buffer) => buffer.inspect()),
    }),
    inspectReplica: () => ({
      startedAt: worker.startedAt,
      runnerCount: runners.count,
      capacity: settings.maxRunners,
      isFull: worker.isFull,
      roomSeconds: worker.roomSeconds,
      isDraining: worker.isDraining,
      breakOffs: worker.breakOffs,
      bufferCount: kit.buffers.count,
      bufferBytes: kit.buffers.bytes,
      acquisition: worker.inspectLoop('acquisition'),
      heartbeats: worker.inspectLoop('heartbeats'),
      databaseSync: worker.inspectLoop('databaseSync'),
    }),
    runnersByOwner: (first) => runners.byOwner(first),
    refusedChats: () => worker.refusedChats,
    inspectRunners: (first) => {
      const list: RunnerInspection[] = [];
      for (const runner of runners.all()) {
        if (list.length === first) break;
        list.push(inspect(runner));
      }
      return list;
    },
    follow: (chatId, signal) => kit.buffers.follow(chatId, () => runners.ofChat(chatId).length > 0, signal),
  };
}
