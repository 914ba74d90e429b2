/**
 * Values of runtime protocol 1 under the names of the runtime schema. Pure.
 * The protocol sends times, and the schema has ages: both are by the worker's clock. What is missing is null, and what is
 * odd stays as it is, for the check by its type.
 */
import { hash } from 'node:crypto';
import { isObject, type Json, ownValue } from '../../common/json.ts';
import { parseUuid } from '../../common/uuid.ts';
import { MAX_RUNNERS_LISTED, MAX_TASKS_TOLD, MAX_TOLD_OF_CHAT } from '../../domain/protocol/paths.ts';

/** Limit for a text of a worker's own words. */
const MAX_WORDS = 500;
/** Kinds of tasks that the schema has a name for. */
const KNOWN_KINDS = ['GENERATION', 'INTERRUPT', 'REQUIRES_ACTION_TIMEOUT', 'ABANDON'];

/** Chat that was asked about, at the worker that answered. */
interface AskedChat {
  readonly chatId: unknown;
  readonly workerId: string;
}

/**
 * Runners, and buffers, that are read of each chat of an answer about so many chats.
 * They are no more in all than an answer about a worker lists. Otherwise a short answer about a hundred chats would keep the gateway busy.
 */
export const toldOfEach = (chats: number): number =>
  Math.min(MAX_TOLD_OF_CHAT, Math.floor(MAX_RUNNERS_LISTED / Math.max(1, chats)));

/**
 * @param answer of the protocol
 * @param chat entry for the chat in it
 * @param most runners, and buffers, that are read of it; of more, the last
 */
export function chatRuntime(answer: Json, chat: Json, { chatId, workerId }: AskedChat, most: number): Json {
  const latest = (list: unknown): unknown => (Array.isArray(list) ? list.slice(-most) : list);
  const at = ageAt(answer.observedAt);
  return {
    ...{ chatId, workerId, localWorkerId: workerId, workerIdMatchesLocal: true },
    observedAt: of(answer, 'observedAt'),
    runners: each(latest(of(chat, 'runners')), (runner) => runnerSnapshot(runner, { chatId, workerId }, at)),
    messageBuffers: latest(of(chat, 'messageBuffers')),
    eventLoopDelayMs: of(answer, 'eventLoopDelayMs'),
  };
}

/** @param answer of the protocol about the worker as a whole */
export function replicaRuntime(answer: Json, workerId: string): Json {
  const at = ageAt(answer.observedAt);
  const acquisition = of(answer, 'acquisition');
  return {
    ...answer,
    workerId,
    roomSeconds: answer.isFull === true ? 0 : at(of(answer, 'roomSince')),
    acquisition: worded(acquisition, ['lastError']),
    heartbeats: worded(of(answer, 'heartbeats'), ['lastError']),
    databaseSync: worded(of(answer, 'databaseSync'), ['lastError']),
    acquisitionError: isObject(acquisition) ? words(of(acquisition, 'lastError')) : null,
    runnersByOwner: each(of(answer, 'runnersByOwner'), (load) => named(load, ['ownerId'])),
    refusedChats: each(of(answer, 'refusedChats'), (chat) => named(worded(chat, ['reason']), ['chatId', 'ownerId'])),
    runners: each(of(answer, 'runners'), (runner) =>
      runnerSnapshot(runner, { chatId: isObject(runner) ? idOf(runner, 'chatId') : null, workerId }, at),
    ),
  };
}

type AgeAt = (moment: unknown) => number | null;

function runnerSnapshot(runner: unknown, asked: AskedChat, at: AgeAt): unknown {
  if (!isObject(runner)) return runner;
  const tasks = of(runner, 'tasks');
  const told = Array.isArray(tasks) ? tasks.slice(-MAX_TASKS_TOLD).filter(isObject) : [];
  const runnerId = idOf(runner, 'runnerId');
  const all = told.map((task, i) => runnerTask(task, [runnerId, i], at));
  const activeTask = all.findLast(({ cancelledAt }) => cancelledAt === null) ?? null;
  const lease = of(runner, 'lease');
  return {
    ...runner,
    ...asked,
    runnerId,
    phase: upper(of(runner, 'phase')),
    status: words(of(runner, 'status')),
    uptimeSeconds: at(of(runner, 'startedAt')),
    activeTask,
    activeTaskKind: activeTask?.kind ?? null,
    idleSeconds: activeTask ? null : at(of(runner, 'idleSince')),
    tasks: all,
    lease: isObject(lease)
      ? {
          ...amounts(lease, ['intervalSeconds', 'staleAfterSeconds', 'consecutiveFailures']),
          ...{ ageSeconds: at(of(lease, 'renewedAt')), lastError: words(of(lease, 'lastError')) },
        }
      : lease,
  };
}

/** @param place of the task, for the id of one that has none */
function runnerTask(task: Json, place: readonly unknown[], at: AgeAt): Json {
  const kind = of(task, 'kind');
  const name = upper(kind);
  const isKnown = typeof name === 'string' && KNOWN_KINDS.includes(name);
  const nextRetryAt = of(task, 'nextRetryAt');
  const untilRetry = at(nextRetryAt);
  return {
    ...amounts(task, ['progressWithinSeconds', 'attempt', 'maxAttempts']),
    id: idOf(task, 'id') ?? madeUuid([...place, kind, of(task, 'startedAt')]),
    kind: isKnown ? name : 'OTHER',
    label: words(of(task, 'label')) ?? (isKnown ? null : words(kind)),
    runningSeconds: at(of(task, 'startedAt')),
    cancelledAt: of(task, 'cancelledAt'),
    /** A promise holds from the start on, also of a task that has shown no progress yet. */
    secondsSinceProgress: at(
      of(task, 'lastProgressAt') ?? (of(task, 'progressWithinSeconds') && of(task, 'startedAt')),
    ),
    nextRetryAt,
    secondsUntilRetry: untilRetry === null ? null : -untilRetry,
    lastError: words(of(task, 'lastError')),
    lastBreakOff: words(of(task, 'lastBreakOff')),
    databaseError: words(of(task, 'databaseError')),
    waitsForDatabaseSeconds: at(of(task, 'waitsForDatabaseSince')),
  };
}

/** Own member of an object that others made; null where there is none. */
const of = (object: Json, name: string): unknown => ownValue(object, name) ?? null;

/** Id in the case in which rows have it. What is none stays as it is. */
const idOf = (object: Json, name: string): unknown => parseUuid(of(object, name)) ?? of(object, name);

/** Items of a list, as far as they are read. A short answer may hold so many that they would keep the gateway busy. */
const each = (list: unknown, make: (item: unknown) => unknown): unknown =>
  Array.isArray(list) ? list.slice(0, MAX_RUNNERS_LISTED).map(make) : list;

const upper = (text: unknown): unknown => (typeof text === 'string' ? text.toUpperCase() : text);

/** One line of a worker's own words, cut. Half a character, which a strict reader of JSON refuses, is told as U+FFFD. */
const words = (text: unknown): unknown =>
  typeof text === 'string'
    ? text
        .replace(/\s+/g, ' ')
        .slice(0, MAX_WORDS)
        .replace(/\p{Cs}/gu, '\ufffd')
    : text;

const worded = (object: unknown, names: readonly string[]): unknown =>
  isObject(object)
    ? { ...object, ...Object.fromEntries(names.map((name) => [name, words(of(object, name))])) }
    : object;

/** The object, with negative amounts as texts: the check by their type finds them, and nobody judges by them. */
const amounts = (object: Json, names: readonly string[]): Json => ({
  ...object,
  ...Object.fromEntries(
    names.map((name) => {
      const amount = of(object, name);
      return [name, typeof amount === 'number' && amount < 0 ? String(amount) : amount];
    }),
  ),
});

const named = (object: unknown, names: readonly string[]): unknown =>
  isObject(object) ? { ...object, ...Object.fromEntries(names.map((name) => [name, idOf(object, name)])) } : object;

/** Seconds from a moment to the answer; null if either cannot be read. Negative: the moment is ahead. */
function ageAt(observedAt: unknown): AgeAt {
  const observedMs = msOf(observedAt);
  return (moment) => {
    const seconds = (observedMs - msOf(moment)) / 1_000;
    return Number.isFinite(seconds) ? seconds : null;
  };
}

/** RFC 3339 with an offset. Any other text would be read in the time zone of this machine. */
const MOMENT = /^\d{4}-\d\d-\d\dt\d\d:\d\d:\d\d(?:\.\d+)?(?:z|[+-]\d\d:\d\d)$/i;

const msOf = (moment: unknown): number =>
  typeof moment === 'string' && MOMENT.test(moment) ? Date.parse(moment) : Number.NaN;

/** UUID of a task that has none: the same as long as the task is the same. What is no text and no number does not count. */
function madeUuid(parts: readonly unknown[]): string {
  const texts = parts.map((part) => (typeof part === 'string' || typeof part === 'number' ? String(part) : ''));
  const hex = hash('sha256', texts.join(' '));
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
