/** Types of runtime protocol 1. `npm run docs` makes this file from `format.ts`. Absent and null: not known. */

/** Health of one of the worker’s loops. */
export interface Loop {
  /** End of the last run that succeeded. */
  readonly lastRunAt?: string | null | undefined;
  /** Reason of the last run’s failure, without content. Absent: it did not fail. */
  readonly lastError?: string | null | undefined;
  /** Failed runs since the last successful one. */
  readonly consecutiveFailures?: number | null | undefined;
  /** Seconds between two runs. */
  readonly intervalSeconds?: number | null | undefined;
}

/** A runner’s lease on its chat, as the worker believes to hold it. */
export interface Lease {
  /** Time at which the last successful renewal was sent. */
  readonly renewedAt?: string | null | undefined;
  /** Seconds between two renewals. */
  readonly intervalSeconds?: number | null | undefined;
  /** Age in seconds from which others may take the chat. */
  readonly staleAfterSeconds?: number | null | undefined;
  /** Failed renewals since the last successful one. */
  readonly consecutiveFailures?: number | null | undefined;
  /** Reason of the last renewal’s failure, in one word without content. */
  readonly lastError?: string | null | undefined;
}

/** One piece of a runner’s work. */
export interface Task {
  /** Kind of work, in the worker’s own words. `generation`, `interrupt`, `requires_action_timeout` and `abandon` have a meaning; any other is shown as it is. */
  readonly kind: string;
  /** Id of the task. */
  readonly id?: string | null | undefined;
  /** Present work, in a few words without content, for a person. */
  readonly label?: string | null | undefined;
  /** Version of the chat’s history for which it was started. */
  readonly historyVersion?: number | null | undefined;
  /** Start of the task. */
  readonly startedAt?: string | null | undefined;
  /** Time of its cancellation. A task without it is active; of several, the last. */
  readonly cancelledAt?: string | null | undefined;
  /** Last sign of progress. Absent: the task only waits, or nobody knows. */
  readonly lastProgressAt?: string | null | undefined;
  /** Promise of the task: longest time between two signs of progress. It decides when the task counts as stuck. */
  readonly progressWithinSeconds?: number | null | undefined;
  /** Number of its attempt, from 1. */
  readonly attempt?: number | null | undefined;
  /** Attempts after which it fails. */
  readonly maxAttempts?: number | null | undefined;
  /** Time of the next attempt after a failure. Absent: it does not wait for one. */
  readonly nextRetryAt?: string | null | undefined;
  /** Last failure, in one line without content. */
  readonly lastError?: string | null | undefined;
  /** Times that the work broke off and began again without a failure. */
  readonly breakOffs?: number | null | undefined;
  /** Reason of the last break-off, without content. */
  readonly lastBreakOff?: string | null | undefined;
  /** Time since which it waits for the database. Absent: it does not wait. */
  readonly waitsForDatabaseSince?: string | null | undefined;
  /** Refusal of its last database call while it waits, in one word. */
  readonly databaseError?: string | null | undefined;
}

/** The part of a worker’s memory that drives one chat. */
export interface Runner {
  /** Id of the runner, new on each acquisition; the chat’s row names it. */
  readonly runnerId: string;
  /** Chat on which it works. Needed in the list of a replica’s runners only. */
  readonly chatId?: string | null | undefined;
  /** Phase of its life. */
  readonly phase?: 'starting' | 'running' | 'stopping' | null | undefined;
  /** Start of the runner. */
  readonly startedAt?: string | null | undefined;
  /** Status of the chat in the last update that it handled. */
  readonly status?: string | null | undefined;
  /** Snapshot version of the chat in that update. */
  readonly snapshotVersion?: number | null | undefined;
  /** History version of the chat in that update. */
  readonly historyVersion?: number | null | undefined;
  /** Generation attempt of the chat in that update. */
  readonly generationAttempt?: number | null | undefined;
  /** Time at which it handled that update. */
  readonly lastUpdateAt?: string | null | undefined;
  /** Time since which it has had no active task. Absent: it has one, or nobody knows. */
  readonly idleSince?: string | null | undefined;
  /** Its tasks, oldest first: the active one, and cancelled ones that are still finishing. */
  readonly tasks?: readonly Task[] | null | undefined;
  /** Its lease on the chat. */
  readonly lease?: Lease | null | undefined;
}

/** Parts that one model call has streamed so far. */
export interface MessageBuffer {
  /** History version that the model was called with. */
  readonly historyVersion?: number | null | undefined;
  /** Number of the call for that history, from 1. */
  readonly generationAttempt?: number | null | undefined;
  /** Number of parts that it holds. */
  readonly partsBuffered?: number | null | undefined;
  /** Size of those parts, in bytes. */
  readonly bytesBuffered?: number | null | undefined;
  /** Bytes that it may hold. */
  readonly capacityBytes?: number | null | undefined;
  /** Number of parts that came after it was full. */
  readonly partsDropped?: number | null | undefined;
  /** Number of readers that follow it now. */
  readonly subscriberCount?: number | null | undefined;
  /** True if no more parts will come. */
  readonly isClosed?: boolean | null | undefined;
  /** Time at which it was opened. */
  readonly openedAt?: string | null | undefined;
  /** Time at which the last part came. */
  readonly lastPartAt?: string | null | undefined;
  /** Time at which it was closed. */
  readonly closedAt?: string | null | undefined;
}

/** A worker’s memory of one chat. */
export interface Chat {
  /** Chat that was asked for. */
  readonly chatId: string;
  /** Runners that the worker holds for it. Empty: none. Absent: not known. */
  readonly runners?: readonly Runner[] | null | undefined;
  /** Buffers that the worker holds for it, oldest first. */
  readonly messageBuffers?: readonly MessageBuffer[] | null | undefined;
}

/** Share of a worker that the chats of one user take. */
export interface OwnerLoad {
  /** Id of the user. */
  readonly ownerId: string;
  /** Runners that work on that user’s chats. */
  readonly runnerCount: number;
}

/** A chat that the worker could not take. */
export interface RefusedChat {
  /** Id of the chat. */
  readonly chatId: string;
  /** User whose chat it is. Without it, only those who may read every chat are told. */
  readonly ownerId?: string | null | undefined;
  /** Reason of the database’s refusal, in one word without content. */
  readonly reason: string;
}

/** A worker’s memory as a whole, at the moment it was asked. */
export interface ReplicaAnswer {
  /** Id of the worker, new on each start; `chats.worker_id` names it. */
  readonly workerId: string;
  /** Time of this answer, by the worker’s clock. All ages are taken from it. */
  readonly observedAt: string;
  /** Longest delay of the worker’s loop in the last minute, in milliseconds. */
  readonly eventLoopDelayMs?: number | null | undefined;
  /** Start of the process. */
  readonly startedAt?: string | null | undefined;
  /** Number of runners that it holds. */
  readonly runnerCount?: number | null | undefined;
  /** Number of runners that it may hold. */
  readonly capacity?: number | null | undefined;
  /** True if it takes no more chats now. */
  readonly isFull?: boolean | null | undefined;
  /** Time since which it has had room for another chat. Absent: it is full, or nobody knows. */
  readonly roomSince?: string | null | undefined;
  /** True if it takes nothing new and hands its chats over. */
  readonly isDraining?: boolean | null | undefined;
  /** Number of message buffers that it holds. */
  readonly bufferCount?: number | null | undefined;
  /** Memory of the process, in bytes. */
  readonly residentBytes?: number | null | undefined;
  /** Loop that looks for chats to take. */
  readonly acquisition?: Loop | null | undefined;
  /** Loop that renews leases. */
  readonly heartbeats?: Loop | null | undefined;
  /** Loop that reads the rows of its chats again. */
  readonly databaseSync?: Loop | null | undefined;
  /** Users whose chats it works on, those with most runners first. */
  readonly runnersByOwner?: readonly OwnerLoad[] | null | undefined;
  /** Chats that it could not take, the latest first. */
  readonly refusedChats?: readonly RefusedChat[] | null | undefined;
  /** Its runners, oldest first, at most as many as `?runners=` asks for, with `chatId`. */
  readonly runners?: readonly Runner[] | null | undefined;
}

/** Question about chats. The worker need not hold them. */
export interface ChatsQuestion {
  /** Chats to tell of; at most 100, no two the same. */
  readonly chatIds: readonly string[];
}

/** A worker’s memory of the chats that were asked for. */
export interface ChatsAnswer {
  /** Id of the worker, new on each start; `chats.worker_id` names it. */
  readonly workerId: string;
  /** Time of this answer, by the worker’s clock. All ages are taken from it. */
  readonly observedAt: string;
  /** Longest delay of the worker’s loop in the last minute, in milliseconds. */
  readonly eventLoopDelayMs?: number | null | undefined;
  /** One entry for each id that was asked for, in any order. */
  readonly chats: readonly Chat[];
}

/** Refusal of a request, as `application/problem+json`. */
export interface Problem {
  /** What is wrong, in a few words. */
  readonly title: string;
  /** Status of HTTP. */
  readonly status: number;
  /** What was wrong with this request, and what to do, in a sentence. */
  readonly detail?: string | null | undefined;
  /** With 421: the worker that was reached in place of the one that the token is for. */
  readonly workerId?: string | null | undefined;
}
