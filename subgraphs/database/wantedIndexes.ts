/**
 * Indexes that questions use, by platform, so that a missing one can be named. A test compares this project's with the
 * migrations.
 */

import type { PlatformName } from '../../domain/platformName.ts';
import { type IndexText, serves } from './indexText.ts';

export interface WantedIndex {
  readonly table: string;
  /** Keys and condition, as Postgres describes them. */
  readonly keys: IndexText;
  /** Work that takes long without the index, in words for people. */
  readonly speeds: string;
}

const RUNNABLE = `status = ANY (ARRAY['running'::chat_status, 'interrupting'::chat_status, 'requires_action'::chat_status])`;
const NOT_RUNNABLE = `archived OR (status <> ALL (ARRAY['running'::chat_status, 'interrupting'::chat_status, 'requires_action'::chat_status]))`;

/** Indexes of `chats`, by what they find. */
export const CHAT_INDEXES = {
  newest: '(updated_at DESC, id DESC)',
  runnable: `(updated_at, id) WHERE ((${RUNNABLE}) AND (NOT archived))`,
  odd: `(updated_at, id) WHERE ((status <> ALL (ARRAY['waiting'::chat_status, 'error'::chat_status])) AND (${NOT_RUNNABLE}))`,
  errored: `(archived, updated_at, id) WHERE (status = 'error'::chat_status)`,
  archivedWaiting: `(updated_at, id) WHERE ((status = 'waiting'::chat_status) AND archived)`,
  unanswered: `(updated_at, id) WHERE ((unanswered IS NOT NULL) AND (status = 'waiting'::chat_status) AND (NOT archived))`,
  failed: `(updated_at, id) WHERE ((status = 'error'::chat_status) AND (NOT archived) AND ((last_error -> 'retryable'::text) = 'false'::jsonb))`,
  owned: '(worker_id, updated_at, id) WHERE (worker_id IS NOT NULL)',
  ownedNotRunnable: `(updated_at, id) WHERE ((worker_id IS NOT NULL) AND (${NOT_RUNNABLE}))`,
  owner: '(owner_id, updated_at DESC, id DESC)',
  children: '(parent_chat_id, updated_at DESC, id DESC) WHERE (parent_chat_id IS NOT NULL)',
  family: '(root_chat_id, updated_at DESC, id DESC) WHERE (root_chat_id IS NOT NULL)',
  /** Index of a Coder deployment, along which its workers look for chats. */
  byStatus: '((parent_chat_id IS NULL), status, updated_at, id) WHERE (NOT archived)',
  archived: '(updated_at, id) WHERE archived',
} as const satisfies Readonly<Record<string, IndexText>>;
type ChatIndex = keyof typeof CHAT_INDEXES;

/** Indexes of messages, by what they find. */
export const MESSAGE_INDEXES = {
  kinds: '(chat_id, role, deleted)',
  kept: '(chat_id, id) WHERE (NOT deleted)',
  byRole: '(chat_id, role, id DESC) WHERE (NOT deleted)',
} as const satisfies Readonly<Record<string, IndexText>>;

const of = (table: string, keys: IndexText, speeds: string): WantedIndex => ({ table, keys, speeds });
const ofChats = (index: ChatIndex, speeds: string) => of('chats', CHAT_INDEXES[index], speeds);

const BY_ID = of('chats', '(id)', 'every chat');
const OF_PEOPLE = [
  ofChats('owner', 'chats of one person'),
  ofChats('owned', 'chats of one replica, and how many it owns'),
  ofChats('children', 'children of a chat'),
  ofChats('family', 'members of a family'),
];
const LEASES = of('chat_heartbeats', '(chat_id, runner_id)', 'leases');
const COUNTS = of('chat_messages', MESSAGE_INDEXES.kinds, 'counts of messages');

const OWN: readonly WantedIndex[] = [
  BY_ID,
  ofChats('newest', 'lists of all chats'),
  ofChats('runnable', 'chats at work, suspects'),
  ofChats('odd', 'invalid chats, suspects'),
  ofChats('errored', 'failed chats'),
  ofChats('archivedWaiting', 'archived chats'),
  ofChats('unanswered', 'chats without an answer, suspects'),
  ofChats('failed', 'chats that failed for good, suspects'),
  ofChats('ownedNotRunnable', 'owned chats at rest'),
  ...OF_PEOPLE,
  COUNTS,
  of('chat_messages', MESSAGE_INDEXES.kept, 'newest messages, turns, open calls'),
  of('chat_messages', '(id)', 'why a step ended'),
  of('chat_queued_messages', '(chat_id, "position")', 'queues'),
  LEASES,
  of('replicas', '(id)', 'one replica'),
  of('replicas', '(started_at DESC, id DESC)', 'lists of replicas'),
  of('replicas', '(started_at, id) WHERE (stopped_at IS NULL)', 'living replicas'),
];

/**
 * Indexes of a Coder deployment. Its workers' own finds chats that are not archived. Replicas are few, and have none.
 */
const CODER: readonly WantedIndex[] = [
  BY_ID,
  ofChats('byStatus', 'every list of chats'),
  ofChats('archived', 'lists that may hold archived chats'),
  ...OF_PEOPLE,
  COUNTS,
  of('chat_messages', MESSAGE_INDEXES.byRole, 'newest messages, turns, open calls'),
  of('chat_queued_messages', '(chat_id)', 'queues'),
  LEASES,
];

/** Indexes for tables of another platform that bear these names. Behind views, they are wanted on the tables there. */
const VIEWS: readonly WantedIndex[] = [
  BY_ID,
  ofChats('newest', 'lists of all chats'),
  ofChats('byStatus', 'chats at work, suspects'),
  ...OF_PEOPLE,
  COUNTS,
  of('chat_messages', MESSAGE_INDEXES.kept, 'newest messages, turns, open calls'),
  of('chat_queued_messages', '(chat_id)', 'queues'),
  LEASES,
  of('replicas', '(id)', 'one replica'),
];

export const WANTED_INDEXES: Readonly<Record<PlatformName, readonly WantedIndex[]>> = {
  own: OWN,
  coder: CODER,
  views: VIEWS,
};

/** Valid indexes by table, as Postgres describes them. */
export type FoundIndexes = Readonly<Record<string, readonly IndexText[]>>;

/** Wanted indexes that nothing in the database replaces. A table without any index is a view, and needs none. */
export const lackingIndexes = (found: FoundIndexes, platform: PlatformName): WantedIndex[] =>
  WANTED_INDEXES[platform].filter(({ table, keys }) => {
    const there = found[table];
    return there !== undefined && !there.some((index) => serves(index, keys));
  });

export const hasIndex = (found: FoundIndexes, table: string, wanted: IndexText): boolean =>
  (found[table] ?? []).some((index) => serves(index, wanted));

const QUESTIONS: Readonly<Record<string, readonly string[]>> = {
  chats: ['chatPage', 'chatRows', 'children', 'lostChildren', 'ownedChats', 'troubles'],
  chat_messages: ['messageCounts', 'lastMessages', 'turns', 'openCalls'],
  chat_queued_messages: ['queueDepths', 'queueAges'],
  chat_heartbeats: ['heartbeatRows'],
  replicas: ['replicaRows', 'replicaRowsById', 'recentReplicaIds', 'liveReplicaIds'],
};

/** Indexes of messages that their questions use, where that is not all of them. */
const OF_MESSAGES: Readonly<Record<string, readonly IndexText[]>> = {
  messageCounts: [MESSAGE_INDEXES.kinds],
  lastMessages: [MESSAGE_INDEXES.kept, MESSAGE_INDEXES.byRole],
  turns: [MESSAGE_INDEXES.kept, MESSAGE_INDEXES.byRole],
  openCalls: [MESSAGE_INDEXES.kept, MESSAGE_INDEXES.byRole],
};

/** True if the question is slow without the index. */
export const uses = (question: string, { table, keys }: WantedIndex): boolean =>
  QUESTIONS[table]?.includes(question) === true && OF_MESSAGES[question]?.includes(keys) !== false;

/** Statement that makes the index without keeping anybody from writing. */
export const indexStatement = ({ table, keys }: Pick<WantedIndex, 'table' | 'keys'>): string =>
  `CREATE INDEX CONCURRENTLY ON ${table} ${keys};`;
