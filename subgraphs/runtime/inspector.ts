/**
 * What the runtime subgraph asks of a chat worker. Any worker can stand behind it; the resolvers know nothing else. Every
 * method answers at once, from memory, at every moment of the worker's life: before it has started there is nothing to
 * show, while it drains what is still there, afterwards nothing again.
 */

export type RunnerPhase = 'STARTING' | 'RUNNING' | 'STOPPING';
export type RunnerTaskKind = 'GENERATION' | 'INTERRUPT' | 'REQUIRES_ACTION_TIMEOUT' | 'ABANDON';

export interface Inspector {
  /** The replica's id, new on each start. */
  readonly workerId: string;
  /** What is held for one chat; its cost does not depend on how many other chats there are. */
  inspectChat(chatId: string): ChatInspection;
  inspectReplica(): ReplicaInspection;
  /** Oldest first. */
  inspectRunners(first: number): RunnerInspection[];
  /** Follows the parts that the worker streams for a chat; ends when it holds no runner for it, or with `signal`. */
  follow(chatId: string, signal: AbortSignal): AsyncIterable<StreamEvent>;
}

export interface ChatInspection {
  readonly observedAt: Date;
  readonly runners: RunnerInspection[];
  readonly messageBuffers: MessageBufferInspection[];
}

/** Fields as in the schema's `RunnerSnapshot`; null stands for what has not happened. */
export interface RunnerInspection {
  readonly runnerId: string;
  readonly workerId: string;
  readonly chatId: string;
  readonly phase: RunnerPhase;
  readonly startedAt: Date;
  readonly uptimeSeconds: number;
  readonly status: string | null;
  readonly snapshotVersion: number | null;
  readonly historyVersion: number | null;
  readonly generationAttempt: number | null;
  readonly lastUpdateAt: Date | null;
  readonly activeTaskKind: RunnerTaskKind | null;
  readonly activeTask: TaskInspection | null;
  readonly idleSeconds: number | null;
  readonly tasks: TaskInspection[];
  readonly lease: LeaseInspection;
}

/** Fields as in the schema's `RunnerTask`. */
export interface TaskInspection {
  readonly id: string;
  readonly kind: RunnerTaskKind;
  readonly historyVersion: number;
  readonly startedAt: Date;
  readonly runningSeconds: number;
  readonly cancelledAt: Date | null;
  readonly lastProgressAt: Date | null;
  readonly secondsSinceProgress: number | null;
  readonly attempt: number | null;
  readonly nextRetryAt: Date | null;
  readonly secondsUntilRetry: number | null;
  readonly lastError: string | null;
}

/** Fields as in the schema's `RunnerLease`. */
export interface LeaseInspection {
  readonly renewedAt: Date | null;
  readonly ageSeconds: number | null;
  readonly intervalSeconds: number;
  readonly staleAfterSeconds: number;
  readonly consecutiveFailures: number;
}

/** Fields as in the schema's `MessageBufferSnapshot`. */
export interface MessageBufferInspection {
  readonly historyVersion: number;
  readonly generationAttempt: number;
  readonly partsBuffered: number;
  readonly bytesBuffered: number;
  readonly capacityBytes: number;
  readonly partsDropped: number;
  readonly subscriberCount: number;
  readonly isClosed: boolean;
  readonly openedAt: Date;
  readonly lastPartAt: Date | null;
  readonly closedAt: Date | null;
}

/** Fields as in the schema's `LoopHealth`. */
export interface LoopInspection {
  readonly lastRunAt: Date | null;
  readonly lastError: string | null;
  readonly consecutiveFailures: number;
  readonly intervalSeconds: number;
}

export interface ReplicaInspection {
  readonly startedAt: Date;
  readonly runnerCount: number;
  readonly capacity: number;
  readonly isFull: boolean;
  readonly bufferCount: number;
  /** Of all buffers together. */
  readonly bufferBytes: number;
  readonly acquisition: LoopInspection;
  readonly heartbeats: LoopInspection;
  readonly databaseSync: LoopInspection;
}

/** What a reader of a chat's stream gets: an episode begins, parts of it, it has ended. */
export type StreamEvent =
  | { readonly type: 'episode'; readonly historyVersion: number; readonly generationAttempt: number }
  | { readonly type: 'part'; readonly part: unknown }
  | { readonly type: 'closed' };
