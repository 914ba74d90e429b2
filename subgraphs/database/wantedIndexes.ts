/** The indexes that questions go along, so that one which is missing can be named. A test compares them with the migrations. */

const RUNNABLE = `status = ANY (ARRAY['running'::chat_status, 'interrupting'::chat_status, 'requires_action'::chat_status])`;
const NOT_RUNNABLE = `archived OR (status <> ALL (ARRAY['running'::chat_status, 'interrupting'::chat_status, 'requires_action'::chat_status]))`;

/** By table, each as Postgres describes it: its keys, and what it is limited to. */
export const WANTED_INDEXES: Readonly<Record<string, readonly string[]>> = {
  chats: [
    '(id)',
    '(updated_at DESC, id DESC)',
    '(owner_id, updated_at DESC, id DESC)',
    `(updated_at, id) WHERE ((${RUNNABLE}) AND (NOT archived))`,
    `(updated_at, id) WHERE ((status <> ALL (ARRAY['waiting'::chat_status, 'error'::chat_status])) AND (${NOT_RUNNABLE}))`,
    `(archived, updated_at, id) WHERE (status = 'error'::chat_status)`,
    `(updated_at, id) WHERE ((status = 'waiting'::chat_status) AND archived)`,
    `(updated_at, id) WHERE ((unanswered IS NOT NULL) AND (status = 'waiting'::chat_status) AND (NOT archived))`,
    `(updated_at, id) WHERE ((status = 'error'::chat_status) AND (NOT archived) AND ((last_error -> 'retryable'::text) = 'false'::jsonb))`,
    '(worker_id, updated_at, id) WHERE (worker_id IS NOT NULL)',
    `(updated_at, id) WHERE ((worker_id IS NOT NULL) AND (${NOT_RUNNABLE}))`,
    '(parent_chat_id, updated_at DESC, id DESC) WHERE (parent_chat_id IS NOT NULL)',
    '(root_chat_id, updated_at DESC, id DESC) WHERE (root_chat_id IS NOT NULL)',
  ],
  chat_messages: ['(id)', '(chat_id, role, deleted)', '(chat_id, id) WHERE (NOT deleted)'],
  chat_queued_messages: ['(chat_id, "position")'],
  chat_heartbeats: ['(chat_id, runner_id)'],
  replicas: ['(id)', '(started_at DESC, id DESC)', '(started_at, id) WHERE (stopped_at IS NULL)'],
};

const QUESTIONS: Readonly<Record<string, readonly string[]>> = {
  chats: ['chatPage', 'chatRows', 'children', 'lostChildren', 'ownedChats', 'troubles'],
  chat_messages: ['messageCounts', 'lastMessages', 'turns', 'openCalls'],
  chat_queued_messages: ['queueDepths', 'queueAges'],
  chat_heartbeats: ['heartbeatRows'],
  replicas: ['replicaRows', 'replicaRowsById', 'recentReplicaIds', 'liveReplicaIds'],
};

/** The table whose indexes a question goes along. */
export const tableOf = (question: string): string | undefined =>
  Object.keys(QUESTIONS).find((table) => QUESTIONS[table]?.includes(question));
