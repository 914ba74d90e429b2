/** Metrics of a replica on its chat worker, read from memory on request like all its answers. */
import { Gauge, type Registry } from 'prom-client';
import type { Inspector, ReplicaInspection } from './inspector.ts';

const LOOPS = ['acquisition', 'heartbeats', 'databaseSync'] as const;

/** Makes the metrics and adds them to `registry`. */
export function registerReplicaMetrics(registry: Registry, inspector: Inspector): void {
  const gauge = (name: string, help: string, read: (replica: ReplicaInspection) => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read(inspector.inspectReplica()));
      },
    });
  gauge('chat_debug_runners', 'Runners that the replica holds', ({ runnerCount }) => runnerCount);
  gauge('chat_debug_runner_capacity', 'Chats that it works on at most', ({ capacity }) => capacity);
  gauge('chat_debug_full', '1 while it takes no more chats: runners or buffers at their limit', ({ isFull }) =>
    isFull ? 1 : 0,
  );
  gauge('chat_debug_message_buffers', 'Message buffers that it holds', ({ bufferCount }) => bufferCount);
  gauge('chat_debug_message_buffer_bytes', 'What they take together', ({ bufferBytes }) => bufferBytes);
  gauge('chat_debug_read_only', '1 while the database takes no writes of the replica', ({ heartbeats }) =>
    heartbeats.lastError === 'READ_ONLY' ? 1 : 0,
  );
  gauge(
    'chat_debug_task_break_offs',
    'Tasks that broke off since the process started',
    ({ breakOffs = 0 }) => breakOffs,
  );
  new Gauge({
    name: 'chat_debug_loop_consecutive_failures',
    help: 'Runs in a row that failed, by loop of the worker; 0 after one that succeeded',
    labelNames: ['loop'],
    registers: [registry],
    collect() {
      const replica = inspector.inspectReplica();
      for (const loop of LOOPS) this.set({ loop }, replica[loop].consecutiveFailures ?? 0);
    },
  });
}
