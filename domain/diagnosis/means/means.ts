/** What the rules advise, without how it is done: each platform has words and commands of its own for it. */
import type { Situation } from '../situation.ts';

export type Command = (s: Situation) => string;

/** One step, as the predicate of a sentence, and the command for it. */
export interface Step {
  readonly act: (s: Situation) => string;
  readonly command: Command;
}

export interface Means {
  /** Ends the turn; what was committed stays. */
  readonly interrupt: Command;
  /** Sends a message, which also clears an error. */
  readonly send: Command;
  /** Changes a message that stands in the history, or leads to the number by which that is done. */
  readonly edit: Command;
  /** Shows the messages of the chat. */
  readonly show: Command;
  /** A message closes the calls that a failed turn left open. */
  readonly sendClosesCalls: boolean;
  /** Answers an open call in its tool's place. */
  readonly answer: Command;
  /** Makes a failed chat of one in no state that there is. */
  readonly reconcile: Command;
  /** Brings a chat to another owner than the one that has it. */
  readonly newOwner: Step;
  /** Dates a chat anew that is ahead of the clock. */
  readonly dateAnew: Step;
  /** Brings a chat to a worker that nobody has taken. */
  readonly getTaken: Step;
  /** Why that may be, where nothing else is known: a clause. */
  readonly whyNotTaken: (s: Situation) => string;
  /** Makes room for a chat where there is none. */
  readonly makeRoom: Step;
  /** Makes a history shorter that is too long for the model. */
  readonly shorten: Step;
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
