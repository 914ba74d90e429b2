/** Means that rules advise. Each platform has its own words and commands for them. */
import type { Situation } from '../situation.ts';

export type Command = (s: Situation) => string;

/** One step: the predicate of a sentence, and the command for it. */
export interface MeansStep {
  readonly act: (s: Situation) => string;
  readonly command: Command;
}

export interface Means {
  /** Ends the turn; what was committed stays. */
  readonly interrupt: Command;
  /** Begins a failed turn anew, which clears the error. */
  readonly again: MeansStep;
  /** Sends a message, which also clears an error. */
  readonly send: Command;
  /** Changes a message of the history, or leads to its number. */
  readonly edit: Command;
  /** Shows the messages of the chat. */
  readonly show: Command;
  /** True if a message closes the calls that a failed turn left open. */
  readonly sendClosesCalls: boolean;
  /** Answers an open call in its tool's place. */
  readonly answer: Command;
  /** Turns a chat in no valid state into a failed one. */
  readonly reconcile: Command;
  /** Brings a chat to another owner. */
  readonly newOwner: MeansStep;
  /** Dates a chat anew that is ahead of the clock. */
  readonly dateAnew: MeansStep;
  /** Brings a chat that nobody has taken to a worker. */
  readonly getTaken: MeansStep;
  /** Clause that explains a chat that nobody takes, where nothing else is known. */
  readonly whyNotTaken: (s: Situation) => string;
  /** Makes room for a chat where there is none. */
  readonly makeRoom: MeansStep;
  /** Shortens a history that is too long for the model. */
  readonly shorten: MeansStep;
  /** Predicates that name a setting, or where something is set. */
  readonly mend: {
    readonly modelKey: string;
    readonly modelName: string;
    readonly address: string;
    readonly allowedAddress: string;
    readonly secret: string;
  };
}

/** Commands of the terminal, which are the same on every platform. */
export const lookAtReplicas = () => 'npm run chat-debug -- replicas';
export const lookAgain: Command = (s) => `npm run chat-debug -- why ${s.chatId}`;
export const lookAtSnapshot: Command = (s) => `npm run chat-debug -- snapshot ${s.chatId}`;
