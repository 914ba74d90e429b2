import type { ExecutionState } from '../../domain/executionState.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** The healthy chat, with one change. */
export interface Circumstance {
  /** Name, in a few words. */
  readonly what: string;
  readonly state: ExecutionState;
  /** Present if nobody owns the chat. Otherwise a replica that answers does. */
  readonly unowned?: true;
  /** Present if replicas are not asked. */
  readonly notAsked?: true;
  readonly database?: Fields;
  readonly trouble?: Fields;
  readonly candidates?: readonly Fields[];
  /** Owners by the history, newest first; left out: none is kept. */
  readonly recentOwners?: readonly Fields[];
  /** Changed fields of the runner. */
  readonly runner?: Fields;
  /** Changed fields of the runner's task. */
  readonly task?: Fields;
  /** Changed fields of the owner's memory. */
  readonly runtime?: Fields;
}
