/** Actions that people take on chats and replicas, by name. */

export const CHAT_ACTIONS = [
  'RELEASE_CHAT',
  'RECONCILE_CHAT',
  'INTERRUPT_CHAT',
  'RETRY_CHAT',
  'CANCEL_PENDING_ACTION',
  'DELETE_QUEUED_MESSAGES',
] as const;
export type ChatAction = (typeof CHAT_ACTIONS)[number];

const REPLICA_ACTIONS = ['DRAIN_REPLICA', 'UNDRAIN_REPLICA'] as const;
export type ReplicaAction = (typeof REPLICA_ACTIONS)[number];

export type ActionName = ChatAction | ReplicaAction;

export const ACTIONS: readonly ActionName[] = [...CHAT_ACTIONS, ...REPLICA_ACTIONS];

/** Name of an action's mutation, which is also the end of the role for it alone: `releaseChat`. */
export const mutationOf = (action: ActionName): string =>
  action.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

/** What came of a request for an action. */
export const OUTCOMES = ['DONE', 'NO_CHANGE', 'CONFLICT', 'REFUSED'] as const;
export type ActionOutcome = (typeof OUTCOMES)[number];
