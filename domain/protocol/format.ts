/**
 * The format of runtime protocol 1: what a worker says of its memory, as JSON over HTTP.
 * It is the one source of the JSON Schema, of the OpenAPI document and of the types beside it. Members that are not
 * listed here are passed over, so that a later version can add some. Null and absent mean the same: not known.
 */
import * as z from 'zod';
import { MAX_TASKS_TOLD, MAX_TOLD_OF_CHAT } from './paths.ts';

const id = z.guid().meta({ description: 'UUID, as 8-4-4-4-12 hexadecimal digits in any case.' });
const moment = z.iso
  .datetime({ offset: true })
  .meta({ description: "RFC 3339, with an offset; by the worker's clock.", examples: ['2026-12-02T00:10:00.000Z'] });
const count = z.int().min(0);
const seconds = z.number().min(0);
const words = z.string().max(500);

/** A member that may be left out. */
const may = <T extends z.ZodType>(type: T, description: string) => type.nullish().meta({ description });
const must = <T extends z.ZodType>(type: T, description: string) => type.meta({ description });

const loop = z
  .object({
    lastRunAt: may(moment, 'End of the last run that succeeded.'),
    lastError: may(words, 'Reason of the last run’s failure, without content. Absent: it did not fail.'),
    consecutiveFailures: may(count, 'Failed runs since the last successful one.'),
    intervalSeconds: may(seconds, 'Seconds between two runs.'),
  })
  .meta({ id: 'Loop', description: 'Health of one of the worker’s loops.' });

const lease = z
  .object({
    renewedAt: may(moment, 'Time at which the last successful renewal was sent.'),
    intervalSeconds: may(seconds, 'Seconds between two renewals.'),
    staleAfterSeconds: may(seconds, 'Age in seconds from which others may take the chat.'),
    consecutiveFailures: may(count, 'Failed renewals since the last successful one.'),
    lastError: may(words, 'Reason of the last renewal’s failure, in one word without content.'),
  })
  .meta({ id: 'Lease', description: 'A runner’s lease on its chat, as the worker believes to hold it.' });

const task = z
  .object({
    kind: must(
      z.string().min(1).max(200),
      'Kind of work, in the worker’s own words. `generation`, `interrupt`, `requires_action_timeout` and `abandon` have a meaning; any other is shown as it is.',
    ),
    id: may(id, 'Id of the task.'),
    label: may(words, 'Present work, in a few words without content, for a person.'),
    historyVersion: may(count, 'Version of the chat’s history for which it was started.'),
    startedAt: may(moment, 'Start of the task.'),
    cancelledAt: may(moment, 'Time of its cancellation. A task without it is active; of several, the last.'),
    lastProgressAt: may(moment, 'Last sign of progress. Absent: the task only waits, or nobody knows.'),
    progressWithinSeconds: may(
      seconds,
      'Promise of the task: longest time between two signs of progress. It decides when the task counts as stuck.',
    ),
    attempt: may(count, 'Number of its attempt, from 1.'),
    maxAttempts: may(count, 'Attempts after which it fails.'),
    nextRetryAt: may(moment, 'Time of the next attempt after a failure. Absent: it does not wait for one.'),
    lastError: may(words, 'Last failure, in one line without content.'),
    breakOffs: may(count, 'Times that the work broke off and began again without a failure.'),
    lastBreakOff: may(words, 'Reason of the last break-off, without content.'),
    waitsForDatabaseSince: may(moment, 'Time since which it waits for the database. Absent: it does not wait.'),
    databaseError: may(words, 'Refusal of its last database call while it waits, in one word.'),
  })
  .meta({ id: 'Task', description: 'One piece of a runner’s work.' });

const runner = z
  .object({
    runnerId: must(id, 'Id of the runner, new on each acquisition; the chat’s row names it.'),
    chatId: may(id, 'Chat on which it works. Needed in the list of a replica’s runners only.'),
    phase: may(z.enum(['starting', 'running', 'stopping']), 'Phase of its life.'),
    startedAt: may(moment, 'Start of the runner.'),
    status: may(words, 'Status of the chat in the last update that it handled.'),
    snapshotVersion: may(count, 'Snapshot version of the chat in that update.'),
    historyVersion: may(count, 'History version of the chat in that update.'),
    generationAttempt: may(count, 'Generation attempt of the chat in that update.'),
    lastUpdateAt: may(moment, 'Time at which it handled that update.'),
    idleSince: may(moment, 'Time since which it has had no active task. Absent: it has one, or nobody knows.'),
    tasks: may(
      z.array(task).max(MAX_TASKS_TOLD),
      'Its tasks, oldest first: the active one, and cancelled ones that are still finishing.',
    ),
    lease: may(lease, 'Its lease on the chat.'),
  })
  .meta({ id: 'Runner', description: 'The part of a worker’s memory that drives one chat.' });

const buffer = z
  .object({
    historyVersion: may(count, 'History version that the model was called with.'),
    generationAttempt: may(count, 'Number of the call for that history, from 1.'),
    partsBuffered: may(count, 'Number of parts that it holds.'),
    bytesBuffered: may(count, 'Size of those parts, in bytes.'),
    capacityBytes: may(count, 'Bytes that it may hold.'),
    partsDropped: may(count, 'Number of parts that came after it was full.'),
    subscriberCount: may(count, 'Number of readers that follow it now.'),
    isClosed: may(z.boolean(), 'True if no more parts will come.'),
    openedAt: may(moment, 'Time at which it was opened.'),
    lastPartAt: may(moment, 'Time at which the last part came.'),
    closedAt: may(moment, 'Time at which it was closed.'),
  })
  .meta({ id: 'MessageBuffer', description: 'Parts that one model call has streamed so far.' });

const chat = z
  .object({
    chatId: must(id, 'Chat that was asked for.'),
    runners: may(
      z.array(runner).max(MAX_TOLD_OF_CHAT),
      'Runners that the worker holds for it. Empty: none. Absent: not known.',
    ),
    messageBuffers: may(z.array(buffer).max(MAX_TOLD_OF_CHAT), 'Buffers that the worker holds for it, oldest first.'),
  })
  .meta({ id: 'Chat', description: 'A worker’s memory of one chat.' });

const ownerLoad = z
  .object({ ownerId: must(id, 'Id of the user.'), runnerCount: must(count, 'Runners that work on that user’s chats.') })
  .meta({ id: 'OwnerLoad', description: 'Share of a worker that the chats of one user take.' });

const refusedChat = z
  .object({
    chatId: must(id, 'Id of the chat.'),
    ownerId: may(id, 'User whose chat it is. Without it, only those who may read every chat are told.'),
    reason: must(words, 'Reason of the database’s refusal, in one word without content.'),
  })
  .meta({ id: 'RefusedChat', description: 'A chat that the worker could not take.' });

const said = {
  workerId: must(id, 'Id of the worker, new on each start; `chats.worker_id` names it.'),
  observedAt: must(moment, 'Time of this answer, by the worker’s clock. All ages are taken from it.'),
  eventLoopDelayMs: may(seconds, 'Longest delay of the worker’s loop in the last minute, in milliseconds.'),
};

/** Answer of `GET /chat-debug/v1/replica`. */
export const replicaAnswer = z
  .object({
    ...said,
    startedAt: may(moment, 'Start of the process.'),
    runnerCount: may(count, 'Number of runners that it holds.'),
    capacity: may(count, 'Number of runners that it may hold.'),
    isFull: may(z.boolean(), 'True if it takes no more chats now.'),
    roomSince: may(moment, 'Time since which it has had room for another chat. Absent: it is full, or nobody knows.'),
    isDraining: may(z.boolean(), 'True if it takes nothing new and hands its chats over.'),
    bufferCount: may(count, 'Number of message buffers that it holds.'),
    residentBytes: may(count, 'Memory of the process, in bytes.'),
    acquisition: may(loop, 'Loop that looks for chats to take.'),
    heartbeats: may(loop, 'Loop that renews leases.'),
    databaseSync: may(loop, 'Loop that reads the rows of its chats again.'),
    runnersByOwner: may(z.array(ownerLoad).max(100), 'Users whose chats it works on, those with most runners first.'),
    refusedChats: may(z.array(refusedChat).max(100), 'Chats that it could not take, the latest first.'),
    runners: may(
      z.array(runner).max(1_000),
      'Its runners, oldest first, at most as many as `?runners=` asks for, with `chatId`.',
    ),
  })
  .meta({ id: 'ReplicaAnswer', description: 'A worker’s memory as a whole, at the moment it was asked.' });

/** Body of `POST /chat-debug/v1/chats`. */
const chatsQuestion = z
  .object({ chatIds: must(z.array(id).max(100), 'Chats to tell of; at most 100, no two the same.') })
  .meta({ id: 'ChatsQuestion', description: 'Question about chats. The worker need not hold them.' });

/** Answer of `POST /chat-debug/v1/chats`. */
export const chatsAnswer = z
  .object({ ...said, chats: must(z.array(chat), 'One entry for each id that was asked for, in any order.') })
  .meta({ id: 'ChatsAnswer', description: 'A worker’s memory of the chats that were asked for.' });

/** Body of every refusal (RFC 9457). */
const problem = z
  .object({
    title: must(z.string(), 'What is wrong, in a few words.'),
    status: must(z.int(), 'Status of HTTP.'),
    detail: may(z.string(), 'What was wrong with this request, and what to do, in a sentence.'),
    workerId: may(id, 'With 421: the worker that was reached in place of the one that the token is for.'),
  })
  .meta({ id: 'Problem', description: 'Refusal of a request, as `application/problem+json`.' });

/** Everything that stands in the documents, by name. */
export const PROTOCOL_TYPES = [
  ...[loop, lease, task, runner, buffer, chat, ownerLoad, refusedChat],
  ...[replicaAnswer, chatsQuestion, chatsAnswer, problem],
];
