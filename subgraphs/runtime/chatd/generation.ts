/**
 * The generation task: one step of a turn. It counts the attempt, calls the model, and commits what came, as often as it
 * takes: a failure is written down as `retry_state` and tried again after a pause. Every write is fenced with the chat as
 * it was when the task was started. When the step leads to another one, the commit moves the history, and the runner
 * starts the next task with that.
 */
import type { LanguageModelV3 } from '@ai-sdk/provider';
import type { ToolSet } from 'ai';
import type { Pool } from 'pg';
import type { Clock } from '../../../common/clock.ts';
import { retryDelayMs } from './backoff.ts';
import type { ChatState } from './chatState.ts';
import type { ChatStore, Fence, Outcome } from './chatStore.ts';
import { callDatabase } from './databaseCall.ts';
import type { MessageBuffers } from './messageBuffers.ts';
import { type LastError, readHistory, UnusableHistory } from './messages.ts';
import { describeFailure } from './modelErrors.ts';
import { callModel, type Step } from './modelStep.ts';
import type { Task } from './task.ts';
import type { Transition } from './transitions.ts';

export interface GenerationTools {
  readonly pool: Pool;
  readonly store: ChatStore;
  readonly buffers: MessageBuffers;
  readonly model: LanguageModelV3;
  readonly tools: ToolSet;
  readonly clock: Clock;
  /** 0: for ever. */
  readonly maxAttempts: number;
  /** How long a tool outside may take to answer. */
  readonly actionTimeoutSeconds: number;
}

/**
 * @param seen gets each state of the chat that the task's own writes bring about
 * @returns how its last write went; undefined when it was cancelled
 */
export async function generate(
  task: Task,
  runnerId: string,
  kit: GenerationTools,
  seen: (chat: ChatState) => void,
): Promise<Outcome | undefined> {
  const { store, clock, maxAttempts } = kit;
  const { id: chatId, historyVersion } = task.chat;
  const fence: Fence = { runnerId, status: 'running', historyVersion };
  const write = (...transitions: Transition[]) =>
    callDatabase(task, clock, () => store.applyFenced(chatId, fence, ...transitions));

  while (!task.signal.aborted) {
    const begun = await write({ name: 'recordGenerationAttempt' });
    if (begun.kind === 'lost') return begun;
    task.attempt = begun.chat.generationAttempt;
    task.nextRetryAt = null;
    task.progress(); // what a pause took is no time in which the model gave no sign of life
    seen(begun.chat);

    const result = await attemptStep(task, kit);
    if (task.signal.aborted) return undefined;
    if ('step' in result) return write(...transitionsFor(result.step, kit.actionTimeoutSeconds));

    const { failure } = result;
    task.lastError = `${failure.kind}: ${failure.message}`;
    if (!failure.retryable || (maxAttempts > 0 && task.attempt >= maxAttempts)) {
      return write({ name: 'finishError', error: failure });
    }
    const delayMs = retryDelayMs(task.attempt, clock.random());
    const retry = { attempt: task.attempt, error: failure.message, kind: failure.kind };
    const recorded = await write({ name: 'recordRetryState', retry, delayMs });
    if (recorded.kind === 'lost') return recorded;
    task.nextRetryAt = new Date(clock.now().getTime() + delayMs);
    seen(recorded.chat);
    await clock.sleep(delayMs, task.signal);
  }
  return undefined;
}

/** One call of the model, into a buffer of its own. A failure of the model is a result, not an exception. */
async function attemptStep(task: Task, kit: GenerationTools): Promise<{ step: Step } | { failure: LastError }> {
  const { pool, buffers, model, tools, clock } = kit;
  const { id: chatId, historyVersion } = task.chat;
  const attempt = task.attempt ?? 1;
  const history = await callDatabase(task, clock, () => readHistory(pool, chatId)).catch(unusable);
  if (history instanceof UnusableHistory) return { failure: describeFailure(history, 'chatd') };
  const buffer = buffers.open({ chatId, historyVersion, generationAttempt: attempt });
  try {
    const step = await callModel({
      ...{ model, tools, history, attempt, signal: task.signal },
      onPart: (part) => buffer.add(part),
      onProgress: () => task.progress(),
    });
    return { step };
  } catch (error) {
    return { failure: describeFailure(error, model.provider) };
  } finally {
    buffer.close();
  }
}

/** A database that is away is not the chat's fault: only content that no model takes ends the turn. */
function unusable(error: unknown): UnusableHistory {
  if (error instanceof UnusableHistory) return error;
  throw error;
}

/** The last step of a turn commits together with the turn's end, so that a crash cannot answer twice. */
function transitionsFor(step: Step, actionTimeoutSeconds: number): Transition[] {
  const commit: Transition = { name: 'commitStep', messages: step.messages };
  if (step.waitsForOutside) return [commit, { name: 'enterRequiresAction', timeoutSeconds: actionTimeoutSeconds }];
  return step.goesOn ? [commit] : [commit, { name: 'finishTurn' }];
}
