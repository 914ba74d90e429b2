/**
 * The resolvers of the runtime schema, over an Inspector: what this replica holds in memory now.
 * Fields about a replica as a whole need the role that reads all. Without it a caller learns what a diagnosis of an own
 * chat needs, and nothing of other users' chats. `candidates` leads every caller to replicas.
 */
import { memoryUsage } from 'node:process';
import { clientError } from '../../server/graphql/errors.ts';
import { requireReadAll } from '../../server/graphql/rights.ts';
import { requireUuid, scalars } from '../../server/graphql/scalars.ts';
import { type Caller, mayReadAll } from '../../server/tokens/internalToken.ts';
import type { EventLoopDelay } from './eventLoopDelay.ts';
import type { Inspector, ReplicaInspection } from './inspector.ts';

const MAX_RUNNERS_LISTED = 1_000;
const MAX_OWNERS_LISTED = 100;
const MAX_REFUSED_LISTED = 100;

/** Context of every resolver. */
export interface RuntimeContext {
  readonly inspector: Inspector;
  readonly eventLoopDelay: EventLoopDelay;
  /** Caller for whom the gateway asks. */
  readonly caller: Caller;
}

type Loop = 'acquisition' | 'heartbeats' | 'databaseSync';
const loop =
  (name: Loop) =>
  (replica: ReplicaInspection, _args: unknown, { caller }: RuntimeContext) => {
    requireReadAll(caller);
    return replica[name];
  };

/** @throws BAD_USER_INPUT unless it is 1 to `most` */
function checked(first: number, most: number): number {
  if (first >= 1 && first <= most) return first;
  throw clientError('BAD_USER_INPUT', `first must be 1 to ${most}, received ${first}.`);
}

interface ChatKey {
  chatId: string;
  workerId: string;
}

/** Reachability of a replica that answers; the router writes its own outcome over it. */
const REACHED = { status: 'OK', elapsedMs: 0, address: null, reason: null };

export const resolvers = {
  ...scalars,
  ChatRuntime: {
    // Async, because one synchronous throw would cost every entity of the fetch.
    __resolveReference: async (key: ChatKey, { inspector }: RuntimeContext) => {
      const chatId = requireUuid(key.chatId);
      const workerId = requireUuid(key.workerId);
      return {
        chatId,
        workerId,
        reachability: REACHED,
        localWorkerId: inspector.workerId,
        workerIdMatchesLocal: inspector.workerId === workerId,
        ...inspector.inspectChat(chatId),
      };
    },
    eventLoopDelayMs: (_chat: unknown, _args: unknown, context: RuntimeContext) => context.eventLoopDelay.highestMs(),
  },
  ReplicaRuntime: {
    __resolveReference: async (key: { workerId: string }, { inspector }: RuntimeContext) => ({
      workerId: requireUuid(key.workerId),
      reachability: REACHED,
      ...inspector.inspectReplica(),
    }),
    runners: (_replica: unknown, { first }: { first: number | null }, { inspector, caller }: RuntimeContext) => {
      const count = checked(first ?? 100, MAX_RUNNERS_LISTED);
      requireReadAll(caller);
      return inspector.inspectRunners(count);
    },
    runnersByOwner: (_replica: unknown, { first }: { first: number | null }, context: RuntimeContext) => {
      const count = checked(first ?? 10, MAX_OWNERS_LISTED);
      requireReadAll(context.caller);
      return context.inspector.runnersByOwner?.(count);
    },
    acquisitionError: ({ acquisition }: ReplicaInspection) => acquisition.lastError,
    /** Refused chats; a caller without the role is told of own ones only. */
    refusedChats: (_replica: unknown, _args: unknown, { inspector, caller }: RuntimeContext) =>
      inspector
        .refusedChats?.()
        .filter(({ ownerId }) => mayReadAll(caller) || ownerId === caller.sub)
        .slice(0, MAX_REFUSED_LISTED),
    eventLoopDelayMs: (_replica: unknown, _args: unknown, context: RuntimeContext) =>
      context.eventLoopDelay.highestMs(),
    residentBytes: () => memoryUsage.rss(),
    acquisition: loop('acquisition'),
    heartbeats: loop('heartbeats'),
    databaseSync: loop('databaseSync'),
  },
};
