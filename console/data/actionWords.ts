/** Actions in words for a person who is about to take one. Pure. */
import { charactersOf, isPlainLine, REASON_CHARACTERS } from '../../domain/actions/reason.ts';
import type { ActionName, ActionOutcome, ActionRisk } from './operations.ts';

/** The action as an order. */
export const ORDERS: Readonly<Record<ActionName, string>> = {
  RELEASE_CHAT: 'Release the chat',
  RECONCILE_CHAT: 'Reconcile the chat',
  INTERRUPT_CHAT: 'Interrupt the turn',
  RETRY_CHAT: 'Retry the failed turn',
  CANCEL_PENDING_ACTION: 'Cancel the wait for a tool',
  DELETE_QUEUED_MESSAGES: 'Delete the queued messages',
  DRAIN_REPLICA: 'Drain the replica',
  UNDRAIN_REPLICA: 'Let the replica take chats again',
};

export const RISKS: Readonly<Record<ActionRisk, string>> = {
  LOW: 'nothing is lost',
  MEDIUM: 'work is repeated, or ends',
  HIGH: 'something is lost for good',
};

export const OUTCOMES: Readonly<Record<ActionOutcome, string>> = {
  DONE: 'It was done.',
  NO_CHANGE: 'It was so already. Nothing was changed.',
  CONFLICT: 'Something has moved since you looked. Nothing was changed.',
  REFUSED: 'It is not possible now. Nothing was changed.',
};

const { least: LEAST, most: MOST } = REASON_CHARACTERS;

/** What is wrong with a reason, as a sentence. Undefined: nothing. */
export function troubleOfReason(text: string): string | undefined {
  const reason = text.trim();
  const length = charactersOf(reason);
  if (length < LEAST) return `A reason has ${LEAST} characters at least. It is kept in the record.`;
  if (length > MOST) return `A reason has ${MOST} characters at most. This one has ${length}.`;
  return isPlainLine(reason) ? undefined : 'A reason is one line of plain text, without control characters.';
}

/** What a person types to confirm an action that loses something: the beginning of the target's id. */
export const confirmationOf = (targetId: string): string => targetId.slice(0, 8);

/** What is wrong with the target of an action now, by the live view. */
export interface Present {
  readonly findings: readonly string[];
  /** False: something could not be asked, so that there may be more. */
  readonly isWhole: boolean;
}

/** What has become of the findings that an action was taken for. */
export function leftOf(findings: readonly string[], present: Present): string {
  const left = findings.filter((code) => present.findings.includes(code));
  if (left.length > 0) return `${left.join(', ')}: still there, by the live view.`;
  if (present.isWhole) return `${findings.join(', ')}: gone, by the live view.`;
  return `${findings.join(', ')}: not seen, but the live view does not see all of the chat now.`;
}
