/**
 * The runtime subgraph's view of a chat worker. Any worker can stand behind it; the resolvers know nothing else.
 * Every method answers at once, from memory, at every moment of the worker's life.
 * Before the start and after the end there is nothing to show.
 */

export type RunnerPhase = 'STARTING' | 'RUNNING' | 'STOPPING';
export type RunnerTaskKind = 'GENERATION' | 'INTERRUPT' | 'REQUIRES_ACTION_TIMEOUT' | 'ABANDON' | 'OTHER';

export interface Inspector {
  /** Id of the replica, new on each start. */
  readonly workerId: string;
  /** State of one chat. The cost does not depend on how many other chats there are. */
  inspectChat(chatId: string): ChatInspection;
  inspectReplica(): ReplicaInspection;
  /** Users whose chats the replica works on, those with most runners first. Left out: not known. */
  runnersByOwner?(first: number): OwnerLoad[];
  /** Chats that the replica could not take, the latest first. Left out: not known. */
  refusedChats?(): RefusedChat[];
  /** Runners, oldest first. */
  inspectRunners(first: number): RunnerInspection[];
  /** Follows the parts that the worker streams for a chat. It ends when it holds no runner for it, or with `signal`. */
  follow(chatId: string, signal: AbortSignal): AsyncIterable<StreamEvent>;
}

interface ChatInspection {
  readonly observedAt: Date;
  readonly runners: RunnerInspection[];
  readonly messageBuffers: MessageBufferInspection[];
}

/** Fields as in the schema's `RunnerSnapshot`. Null: it has not happened, or is not known. */
export interface RunnerInspection {
  readonly runnerId: string;
  readonly workerId: string;
  readonly chatId: string;
  readonly phase: RunnerPhase | null;
  readonly startedAt: Date | null;
  readonly uptimeSeconds: number | null;
  readonly status: string | null;
  readonly snapshotVersion: number | null;
  readonly historyVersion: number | null;
  readonly generationAttempt: number | null;
  readonly lastUpdateAt: Date | null;
  readonly activeTaskKind: RunnerTaskKind | null;
  readonly activeTask: TaskInspection | null;
  readonly idleSeconds: number | null;
  readonly tasks: TaskInspection[];
  readonly lease: LeaseInspection | null;
}

/** Fields as in the schema's `RunnerTask`. A worker may leave out what it does not know. */
export interface TaskInspection {
  readonly id: string;
  readonly kind: RunnerTaskKind;
  readonly historyVersion: number | null;
  readonly startedAt: Date | null;
  readonly runningSeconds: number | null;
  readonly cancelledAt: Date | null;
  readonly lastProgressAt: Date | null;
  readonly secondsSinceProgress: number | null;
  readonly attempt: number | null;
  readonly nextRetryAt: Date | null;
  readonly secondsUntilRetry: number | null;
  readonly lastError: string | null;
  readonly breakOffs?: number | null;
  readonly lastBreakOff?: string | null;
  readonly waitsForDatabaseSeconds?: number | null;
  readonly databaseError?: string | null;
  readonly label?: string | null;
  readonly maxAttempts?: number | null;
  readonly progressWithinSeconds?: number | null;
}

/** Fields as in the schema's `RunnerLease`. */
export interface LeaseInspection {
  readonly renewedAt: Date | null;
  readonly ageSeconds: number | null;
  readonly intervalSeconds: number | null;
  readonly staleAfterSeconds: number | null;
  readonly consecutiveFailures: number | null;
  readonly lastError?: string | null;
}

/** Fields as in the schema's `MessageBufferSnapshot`. */
export interface MessageBufferInspection {
  readonly historyVersion: number | null;
  readonly generationAttempt: number | null;
  readonly partsBuffered: number | null;
  readonly bytesBuffered: number | null;
  readonly capacityBytes: number | null;
  readonly partsDropped: number | null;
  readonly subscriberCount: number | null;
  readonly isClosed: boolean | null;
  readonly openedAt: Date | null;
  readonly lastPartAt: Date | null;
  readonly closedAt: Date | null;
}

/** Fields as in the schema's `LoopHealth`. */
export interface LoopInspection {
  readonly lastRunAt: Date | null;
  readonly lastError: string | null;
  readonly consecutiveFailures: number | null;
  readonly intervalSeconds: number | null;
}

/** Fields as in the schema's `RefusedChat`. */
export interface RefusedChat {
  readonly chatId: string;
  /** User whose chat it is. */
  readonly ownerId: string;
  readonly reason: string;
}

/** Fields as in the schema's `OwnerLoad`. */
export interface OwnerLoad {
  readonly ownerId: string;
  readonly runnerCount: number;
}

export interface ReplicaInspection {
  readonly startedAt: Date;
  readonly runnerCount: number;
  readonly capacity: number;
  readonly isFull: boolean;
  /** Seconds for which it has had room; 0 while it is full. Left out: not known. */
  readonly roomSeconds?: number;
  readonly isDraining?: boolean;
  /** Tasks that broke off since the process started. */
  readonly breakOffs?: number;
  readonly bufferCount: number;
  /** Size of all buffers together. */
  readonly bufferBytes: number;
  readonly acquisition: LoopInspection;
  readonly heartbeats: LoopInspection;
  readonly databaseSync: LoopInspection;
}

/** Event in a chat's stream: an episode begins, a part of it, its end. */
export type StreamEvent =
  | { readonly type: 'episode'; readonly historyVersion: number; readonly generationAttempt: number }
  | { readonly type: 'part'; readonly part: unknown }
  | { readonly type: 'closed' };
