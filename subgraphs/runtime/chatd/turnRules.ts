/** The worker's own decisions before, after and instead of a model call. Pure. */

import type { LastError } from '../../../domain/messages.ts';
import { shortened } from '../../../domain/providerWords.ts';
import { LONGEST_RETRY_SECONDS } from '../../../domain/thresholds.ts';
import type { Transition } from '../../../domain/transitions.ts';
import { lastAttempt, retryDelayMs } from './backoff.ts';
import { type History, UnusableHistory } from './history.ts';
import { describeFailure, failure } from './modelErrors.ts';
import type { ModelStep } from './modelStep.ts';
import { LEFT_OPEN, toolMessage } from './openCalls.ts';

/** Name in place of the provider where the worker itself ends a turn. */
export const OWN_PROVIDER = 'chatd';

export interface Failed {
  readonly error: LastError;
  /** Milliseconds; undefined: the provider did not say. */
  readonly askedToWaitMs: number | undefined;
}

/**
 * Transitions that the history asks for before, or in place of, a model call; undefined: call it.
 * @param made calls in this turn so far, failed ones included
 */
export function insteadOfCalling(
  history: History | UnusableHistory,
  { made, maxSteps }: { made: number; maxSteps: number },
): Transition | undefined {
  if (history instanceof UnusableHistory) return { name: 'finishError', error: describeFailure(history, OWN_PROVIDER) };
  if (history.open.length > 0) return { name: 'commitStep', messages: [toolMessage(history.open, [], LEFT_OPEN)] };
  if (made < maxSteps) return undefined;
  const message = `The turn has had ${made} calls of the model and ${history.steps} steps, and MAX_STEPS allows ${maxSteps} calls: the model did not come to an end`;
  return { name: 'finishError', error: failure('step_limit', message, OWN_PROVIDER) };
}

interface Limits {
  /** Number of the attempt, from 1. */
  readonly attempt: number;
  /** Attempts before the turn fails; 0: no limit. */
  readonly maxAttempts: number;
  /** Calls in this turn so far, this attempt included. */
  readonly made: number;
  readonly maxSteps: number;
  /** Random number from 0 up to 1. */
  readonly random: number;
}

/** Consequence of a failed attempt: a pause of `delayMs`, or, without one, the end of the turn with the error. */
export function afterFailure(
  { error, askedToWaitMs: asked = 0 }: Failed,
  { attempt, maxAttempts, made, maxSteps, random }: Limits,
): { error: LastError; delayMs?: number } {
  const last = maxAttempts > 0 ? lastAttempt(attempt, maxAttempts) : undefined;
  const before = last === undefined ? 0 : last - maxAttempts; // those of a turn that failed and was begun anew
  if (!error.retryable || attempt === last) return { error };
  if (made >= maxSteps) {
    const end = `It was call ${made} of the turn, and MAX_STEPS allows ${maxSteps}.`;
    return { error: { ...error, message: shortened(`${end} ${error.message}`) } };
  }
  if (asked <= LONGEST_RETRY_SECONDS * 1000) {
    // A provider that asks for next to nothing is not called faster than any other.
    return { error, delayMs: asked >= 1000 ? asked : retryDelayMs(attempt - before, random) };
  }
  const wish = `The provider asks to wait ${Math.ceil(asked / 1000)} s, and the worker waits ${LONGEST_RETRY_SECONDS} s at most.`;
  return { error: { ...error, message: shortened(`${wish} ${error.message}`) } };
}

/**
 * Transitions for a step. The last step of a turn commits together with its end, so that a crash cannot answer twice.
 */
export function transitionsFor({ messages, next }: ModelStep, actionTimeoutSeconds: number): Transition[] {
  const commit: Transition = { name: 'commitStep', messages };
  switch (next) {
    case 'outside':
      return [commit, { name: 'enterRequiresAction', timeoutSeconds: actionTimeoutSeconds }];
    case 'model':
      return [commit];
    case 'person':
      return [commit, { name: 'finishTurn' }];
    default:
      return next satisfies never;
  }
}
