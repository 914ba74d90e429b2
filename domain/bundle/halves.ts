/**
 * Both halves of a chat, and every replica's view of it, as a bundle holds them.
 * What the rules read has their own shape, so that it cannot be lost here. Words that others chose are left out.
 */
import * as z from 'zod';
import * as rules from '../diagnosis/snapshot.ts';
import { code, lastError, moment, retryState, words } from './withheld.ts';

const { known, text, count, flag, seconds } = rules;

const lease = z.object({
  ...{ runnerId: text, heartbeatAt: moment, ageSeconds: seconds, isStale: flag, staleAfterSeconds: seconds },
});
const relative = z.object({ chatId: text, executionState: text });

const trouble = rules.trouble.extend({
  lockedBy: known(
    z.object({
      ...{ processId: count, applicationName: text, state: text },
      ...{ transactionSeconds: seconds, waitingFor: text },
    }),
  ),
});

const database = rules.database.extend({
  ...{ ownerId: text, parentChatId: text, rootChatId: text, queueVersion: count },
  ...{ createdAt: moment, updatedAt: moment, requiresActionDeadlineAt: moment },
  ...{ lastError, retryState },
  heartbeat: known(lease),
  heartbeats: known(z.array(lease)),
  messageStats: known(
    z.object({ total: count, deleted: count, byRole: known(z.array(z.object({ role: text, count }))) }),
  ),
  lastMessage: known(
    z.object({ role: text, createdAt: moment, ageSeconds: seconds, hasText: flag, finishReason: code }),
  ),
  turn: known(z.object({ startedAt: moment, ageSeconds: seconds, steps: count, toolCalls: count })),
  openCalls: known(
    z.array(z.object({ id: text, toolName: text, since: moment, ageSeconds: seconds, timesUnanswered: count })),
  ),
  lostChildren: known(z.array(relative)),
  trouble: known(trouble),
  debugRun: known(
    z.object({
      ...{ kind: code, status: code, provider: code, model: code, startedAt: moment, updatedAt: moment },
      ...{ ageSeconds: seconds, hasEnded: flag, finishedAt: moment },
    }),
  ),
});

const task = rules.activeTask
  .extend({
    ...{ id: text, historyVersion: count, startedAt: moment, runningSeconds: seconds, cancelledAt: moment },
    ...{ lastProgressAt: moment, nextRetryAt: moment },
    ...{ lastError: words, lastBreakOff: code, databaseError: code },
  })
  .meta({ id: 'Task' });

const runner = rules.runner.extend({
  ...{ workerId: text, chatId: text, startedAt: moment, status: text, historyVersion: count },
  ...{ generationAttempt: count, lastUpdateAt: moment, activeTaskKind: text },
  activeTask: known(task),
  tasks: known(z.array(task)),
  lease: known(
    z.object({
      ...{ renewedAt: moment, ageSeconds: seconds, intervalSeconds: seconds, staleAfterSeconds: seconds },
      ...{ consecutiveFailures: count, lastError: code },
    }),
  ),
});

/** Outcome of asking a replica. The router chooses the words of its reason. */
export const reachability = z.object({ status: text, elapsedMs: count, address: text, reason: text });

const memory = rules.runtime
  .extend({
    reachability: known(reachability),
    observedAt: moment,
    runners: known(z.array(runner)),
    messageBuffers: known(
      z.array(
        z.object({
          ...{ historyVersion: count, generationAttempt: count, partsBuffered: count, bytesBuffered: count },
          ...{ capacityBytes: count, partsDropped: count, subscriberCount: count, isClosed: flag },
          ...{ openedAt: moment, lastPartAt: moment, closedAt: moment },
        }),
      ),
    ),
  })
  .meta({ id: 'Memory' });

const candidate = rules.candidate.extend({
  acquisitionError: code,
  refusedChats: known(z.array(z.object({ chatId: text, reason: code }))),
});

/** Snapshot of one chat. */
export const bundledSnapshot = rules.snapshot
  .extend({
    takenAt: moment,
    database: known(database),
    candidates: known(z.array(candidate)),
    recentOwners: known(z.array(rules.owner.extend({ from: moment, until: moment }))),
    runtime: known(memory),
    everywhere: known(z.array(memory)),
  })
  .meta({ id: 'Snapshot' });
