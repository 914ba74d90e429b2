/** Requests that callers make of a chat, with their arguments and refusals. */

import type { ExecutionState } from './executionState.ts';
import type { LastError, NewMessage } from './messages.ts';

/** A person's message, queued or in the history. */
interface PersonMessage {
  readonly content: unknown;
  readonly createdBy: string;
}

/** Value of `chats.retry_state`, without `retrying_at`, which the database computes by its own clock. */
interface RetryState {
  readonly attempt: number;
  readonly error: string;
  readonly kind: string;
}

export type Transition =
  | { readonly name: 'send' | 'sendInterrupting'; readonly message: PersonMessage }
  /** Deletes the message and all after it, and puts `message` in their place. */
  | { readonly name: 'edit'; readonly messageId: string; readonly message: PersonMessage }
  | { readonly name: 'interrupt' }
  /** Brings a result for each open call. */
  | { readonly name: 'completeRequiresAction'; readonly results: readonly ToolOutput[] }
  | { readonly name: 'deleteQueued' | 'promoteQueued'; readonly queuedId: string }
  /** Deletes the whole queue at once, however long it is. */
  | { readonly name: 'deleteQueued'; readonly all: true }
  | { readonly name: 'archive' | 'unarchive' }
  | { readonly name: 'recordGenerationAttempt' }
  | { readonly name: 'recordRetryState'; readonly retry: RetryState; readonly delayMs: number }
  | { readonly name: 'commitStep' | 'finishInterruption'; readonly messages: readonly NewMessage[] }
  | { readonly name: 'finishTurn' }
  | { readonly name: 'enterRequiresAction'; readonly timeoutSeconds: number }
  | { readonly name: 'cancelRequiresAction' }
  /** Begins a failed turn anew, with the history as it is. */
  | { readonly name: 'retry' }
  | { readonly name: 'finishError' | 'reconcileInvalidState'; readonly error: LastError }
  /** Leaves the lease to the clean-up if `leavesLease` is true, as when the database refuses to delete it. */
  | { readonly name: 'abandon'; readonly leavesLease?: boolean };

export type TransitionName = Transition['name'];

/** Answer of an outside tool to a call. */
export interface ToolOutput {
  readonly toolCallId: string;
  readonly output: unknown;
}

/** Refusal of a transition that the chat's state does not allow. The message is for the caller. */
export class TransitionRefused extends Error {
  override name = 'TransitionRefused';
  readonly transition: TransitionName;
  readonly state: ExecutionState;

  constructor(transition: TransitionName, state: ExecutionState, why = `the chat is in state ${state}`) {
    super(`The transition ${transition} is not possible: ${why}.`);
    this.transition = transition;
    this.state = state;
  }
}

/** Error for a chat that does not exist. */
export class ChatNotFound extends Error {
  override name = 'ChatNotFound';
}
