/**
 * The generation task: one step of a turn. Every write is fenced with the chat as it was when the task started.
 *
 * 1. It counts the attempt and reads the history, in one statement if it is the first attempt.
 * 2. It calls the model.
 * 3. It commits the answer. A failure becomes `retry_state`, and after a pause the task tries again.
 *
 * If another step follows, the commit moves the history, and the runner starts the next task with that.
 */
import type { LanguageModelV3 } from '@ai-sdk/provider';
import type { ToolSet } from 'ai';
import type { Pool } from 'pg';
import type { Clock } from '../../../common/clock.ts';
import type { LastError } from '../../../domain/messages.ts';
import type { Transition } from '../../../domain/transitions.ts';
import type { ChatState } from './chatState.ts';
import type { ChatStore, WriteOutcome } from './chatStore.ts';
import { callDatabase } from './databaseCall.ts';
import { writeFenced } from './fencedWrite.ts';
import { type History, historyOf, readHistory, UnusableHistory } from './history.ts';
import type { MessageBuffer } from './messageBuffer.ts';
import type { MessageBuffers } from './messageBuffers.ts';
import { askedToWaitMs, describeFailure } from './modelErrors.ts';
import { callModel, type ModelStep } from './modelStep.ts';
import { refusalOf } from './refusedData.ts';
import { retryDueInMs } from './retryState.ts';
import type { Task } from './task.ts';
import type { TurnCalls } from './turnCalls.ts';
import { afterFailure, type Failed, insteadOfCalling, OWN_PROVIDER, transitionsFor } from './turnRules.ts';

export interface GenerationTools {
  readonly pool: Pool;
  readonly store: ChatStore;
  readonly buffers: MessageBuffers;
  readonly model: LanguageModelV3;
  readonly tools: ToolSet;
  readonly clock: Clock;
  /** Attempts at most; 0: no limit. */
  readonly maxAttempts: number;
  /** Model calls in one turn, failed ones included. */
  readonly maxSteps: number;
  /** Seconds in which an outside tool may answer. */
  readonly actionTimeoutSeconds: number;
}

/**
 * @param calls count of the runner, over all its tasks
 * @param seen receives each state of the chat that the task's own writes make
 * @returns the outcome of its last write; undefined when it was cancelled
 */
export async function generate(
  task: Task,
  runnerId: string,
  kit: GenerationTools,
  calls: TurnCalls,
  seen: (chat: ChatState) => void,
): Promise<WriteOutcome | undefined> {
  const { clock, pool, maxSteps, maxAttempts } = kit;
  const { id: chatId, generationAttempt } = task.chat;
  const write = (...transitions: Transition[]) => writeFenced(task, runnerId, kit, ...transitions);
  const end = (error: LastError) => {
    task.end = error;
    return write({ name: 'finishError', error });
  };

  // The first attempt is counted with the reading, before anybody knows whether the history allows one.
  const first =
    generationAttempt === 0 && (await callDatabase(task, clock, () => kit.store.begin(task.chat, runnerId)));
  if (first) seen(first.chat);
  const reading = first ? async () => historyOf(first.rows) : () => readHistory(pool, chatId);
  const history = await callDatabase(task, clock, reading).catch(unusable);
  const made = history instanceof UnusableHistory ? 0 : calls.made(history, generationAttempt);
  const instead = insteadOfCalling(history, { made, maxSteps });
  if (instead?.name === 'finishError') return end(instead.error);
  if (instead || history instanceof UnusableHistory) return instead && write(instead);
  await waitForRetry(task, kit);

  for (let already = first; !task.signal.aborted; already = false) {
    const begun: WriteOutcome = already
      ? { kind: 'done', chat: already.chat }
      : await write({ name: 'recordGenerationAttempt' });
    if (begun.kind === 'lost') return begun;
    task.attempt = begun.chat.generationAttempt;
    task.goesOn();
    task.progress(); // what a pause took is no time in which the model gave no sign of life
    if (!already) seen(begun.chat);
    if (task.signal.aborted) return undefined;

    calls.add();
    const buffer = openBuffer(task, kit);
    const result = await attemptStep(task, history, kit, buffer);
    if (task.signal.aborted) return undefined;
    const failed = 'error' in result ? result : await commit(result.step, buffer);
    if ('outcome' in failed) return failed.outcome;

    task.lastError = `${failed.error.kind}: ${failed.error.message}`;
    const limits = { attempt: task.attempt, maxAttempts, made: calls.made(history, task.attempt), maxSteps };
    const { error, delayMs } = afterFailure(failed, { ...limits, random: clock.random() });
    if (delayMs === undefined) return end(error);
    const retry = { attempt: task.attempt, error: error.message, kind: error.kind };
    const recorded = await write({ name: 'recordRetryState', retry, delayMs });
    if (recorded.kind === 'lost') return recorded;
    seen(recorded.chat);
    await waitOn(task, delayMs, clock);
  }
  return undefined;

  /**
   * Commits a step. Content that Postgres refuses is a failed attempt; any other failure says nothing about the step.
   */
  async function commit(step: ModelStep, buffer: MessageBuffer): Promise<{ outcome: WriteOutcome } | Failed> {
    buffer.isOwed = true;
    try {
      return { outcome: await write(...transitionsFor(step, kit.actionTimeoutSeconds)) };
    } catch (error) {
      if (!refusalOf(error)) throw error;
      return { error: describeFailure(error, OWN_PROVIDER), askedToWaitMs: undefined };
    } finally {
      buffer.isOwed = false;
    }
  }
}

const openBuffer = (
  { chat: { id: chatId, historyVersion }, attempt }: Task,
  { buffers }: GenerationTools,
): MessageBuffer => buffers.open({ chatId, historyVersion, generationAttempt: attempt ?? 1 });

/** Calls the model once, into a buffer of its own. A failure of the model is a result, not an exception. */
async function attemptStep(
  task: Task,
  history: History,
  { model, tools, clock }: GenerationTools,
  buffer: MessageBuffer,
): Promise<{ step: ModelStep } | Failed> {
  try {
    const step = await callModel({
      ...{ model, tools, history, attempt: task.attempt ?? 1, signal: task.signal },
      onPart: (part) => buffer.add(part),
      onProgress: () => task.progress(),
    });
    return { step };
  } catch (error) {
    return { error: describeFailure(error, model.provider), askedToWaitMs: askedToWaitMs(error, clock.now()) };
  } finally {
    buffer.close();
  }
}

/** Waits for the rest of a pause. A worker that takes a chat over in the middle of one does so, too. */
async function waitForRetry(task: Task, { pool, clock }: GenerationTools): Promise<void> {
  if (task.chat.generationAttempt === 0) return;
  const dueInMs = await callDatabase(task, clock, () => retryDueInMs(pool, task.chat.id));
  task.attempt = task.chat.generationAttempt;
  if (dueInMs > 0) await waitOn(task, dueInMs, clock);
}

async function waitOn(task: Task, delayMs: number, clock: Clock): Promise<void> {
  task.pausesFor(delayMs);
  await clock.sleep(delayMs, task.signal);
}

/** Passes on an unusable history; rethrows other errors. A database that is away is not the chat's fault. */
function unusable(error: unknown): UnusableHistory {
  if (error instanceof UnusableHistory) return error;
  throw error;
}
