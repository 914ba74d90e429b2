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

/** True for an action on chats. */
export const isOfChat = (action: ActionName): action is ChatAction =>
  (CHAT_ACTIONS as readonly string[]).includes(action);

export const ACTIONS: readonly ActionName[] = [...CHAT_ACTIONS, ...REPLICA_ACTIONS];

/** Name of an action's mutation, which is also the end of the role for it alone: `releaseChat`. */
export const mutationOf = (action: ActionName): string =>
  action.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

/** Name of an action at the terminal: `release` for RELEASE_CHAT. */
export const shortName = (action: string): string =>
  action
    .replace(/_(CHAT|REPLICA|ACTION|MESSAGES)$/, '')
    .toLowerCase()
    .replaceAll('_', '-');

/** Mutations of plans, which do an action on many chats. */
export const PLAN_MUTATIONS = ['planActions', 'runPlan', 'stopPlan'] as const;

/** What came of a request for an action. */
export const OUTCOMES = ['DONE', 'NO_CHANGE', 'CONFLICT', 'REFUSED'] as const;
export type ActionOutcome = (typeof OUTCOMES)[number];
