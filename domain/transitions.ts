/** What callers may ask of a chat, each with what it takes, and the refusals that they may get. */

import type { ExecutionState } from './executionState.ts';
import type { LastError, NewMessage } from './messages.ts';

/** A message of a person, as it waits in the queue or goes into the history. */
export interface PersonMessage {
  readonly content: unknown;
  readonly createdBy: string;
}

/** `chats.retry_state`, less `retrying_at`, which the database computes by its own clock. */
export interface RetryState {
  readonly attempt: number;
  readonly error: string;
  readonly kind: string;
}

export type Transition =
  | { readonly name: 'send' | 'sendInterrupting'; readonly message: PersonMessage }
  /** The message and all after it are deleted; `message` comes in its place. */
  | { readonly name: 'edit'; readonly messageId: string; readonly message: PersonMessage }
  | { readonly name: 'interrupt' }
  /** A result for each open call. */
  | { readonly name: 'completeRequiresAction'; readonly results: readonly ToolOutput[] }
  | { readonly name: 'deleteQueued' | 'promoteQueued'; readonly queuedId: string }
  | { readonly name: 'archive' | 'unarchive' }
  | { readonly name: 'recordGenerationAttempt' }
  | { readonly name: 'recordRetryState'; readonly retry: RetryState; readonly delayMs: number }
  | { readonly name: 'commitStep' | 'finishInterruption'; readonly messages: readonly NewMessage[] }
  | { readonly name: 'finishTurn' }
  | { readonly name: 'enterRequiresAction'; readonly timeoutSeconds: number }
  | { readonly name: 'cancelRequiresAction' }
  | { readonly name: 'finishError' | 'reconcileInvalidState'; readonly error: LastError }
  /** `leavesLease`: to the clean-up, since the database refuses to delete it, say. */
  | { readonly name: 'abandon'; readonly leavesLease?: boolean };

export type TransitionName = Transition['name'];

/** What a tool outside answered to a call. */
export interface ToolOutput {
  readonly toolCallId: string;
  readonly output: unknown;
}

/** The transition is not legal in the chat's state. The message is for whoever asked for it. */
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

/** There is no such chat. */
export class ChatNotFound extends Error {
  override name = 'ChatNotFound';
}
