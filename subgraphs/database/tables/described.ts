/**
 * Tables and columns that this service reads, and what is not answered without each. Pure.
 * One description serves readiness, errors, the field `database` and `npm run check`.
 */
import type { PlatformName } from '../../../domain/platformName.ts';

/** Content of a column. A column of another type counts as missing. */
type Holds = 'id' | 'number' | 'moment' | 'json' | 'flag' | 'text';

export interface ColumnRead {
  readonly holds: Holds;
  /** Fields and findings that are not answered without the column. Undefined: the table is of no use without it. */
  readonly costs?: readonly string[];
  /** Platform whose tables have the column. On others it is not missing. */
  readonly only?: PlatformName;
  /** SQL in its place where it cannot be read; null unless given. */
  readonly instead?: string;
}

interface TableRead {
  /** True if the service is not ready without the table. */
  readonly isRequired: boolean;
  /** Fields and findings that are not answered without the table. */
  readonly costs: readonly string[];
  readonly only?: PlatformName;
  readonly columns: Readonly<Record<string, ColumnRead>>;
}

/** Facts that decide which tables and columns are read. */
export interface PlatformRead {
  readonly name: PlatformName;
  readonly chats: 'chats' | 'chats_expanded';
}

const of = (holds: Holds): ColumnRead => ({ holds });
const costing = (holds: Holds, ...costs: string[]): ColumnRead => ({ holds, costs });
const TIMES = 'times of messages';
const HIDDEN = 'which messages are summaries for the model';

const TABLES_READ = {
  chats: {
    isRequired: true,
    costs: ['every chat'],
    columns: {
      ...{ id: of('id'), owner_id: of('id'), title: of('text'), status: of('text'), archived: of('flag') },
      ...{ worker_id: of('id'), runner_id: of('id') },
      parent_chat_id: costing('id', 'parentChatId', 'children', 'lostChildren', 'pool', 'CHILD_LOST'),
      root_chat_id: costing('id', 'rootChatId'),
      ...{ snapshot_version: of('number'), history_version: of('number') },
      queue_version: costing('number', 'queueVersion'),
      ...{ generation_attempt: of('number'), retry_state: of('json'), retry_state_version: of('number') },
      last_error: costing('json', 'lastError', 'advice for ERRORED', 'suspects that failed for good'),
      requires_action_deadline_at: costing(
        'moment',
        ...['requiresActionDeadlineAt', 'requiresActionSecondsLeft', 'ACTION_DEADLINE_PASSED', 'verdicts of A0 and A1'],
      ),
      created_at: costing('moment', 'createdAt'),
      updated_at: of('moment'),
      unanswered: { ...costing('text', 'fast lists of suspects'), only: 'own' },
    },
  },
  chat_messages: {
    isRequired: false,
    costs: [
      ...['messageStats', 'lastMessage', 'turn', 'openCalls', 'UNANSWERED', 'LOOPING', 'CALL_UNANSWERED'],
      'suspects by these findings',
    ],
    columns: {
      ...{ id: of('number'), chat_id: of('id'), role: of('text'), deleted: of('flag') },
      content: costing('json', 'lastMessage.hasText', 'turn', 'openCalls', 'LOOPING', 'CALL_UNANSWERED'),
      created_at: costing('moment', TIMES),
      finish_reason: { ...costing('text', 'lastMessage.finishReason'), only: 'own' },
      compressed: { ...costing('flag', HIDDEN), only: 'coder', instead: 'false' },
      visibility: { ...costing('text', HIDDEN), only: 'coder', instead: "'both'" },
    },
  },
  chat_queued_messages: {
    isRequired: true,
    costs: ['executionState', 'queueDepth', 'diagnosis', 'QUEUE_BLOCKED'],
    columns: { chat_id: of('id'), created_at: costing('moment', 'oldestQueuedAgeSeconds') },
  },
  chat_heartbeats: {
    isRequired: false,
    costs: ['heartbeat', 'heartbeats', 'heartbeatState', 'HEARTBEAT_MISSING', 'HEARTBEAT_STALE', 'OWNERS_LOST', 'pool'],
    columns: { chat_id: of('id'), runner_id: of('id'), heartbeat_at: of('moment') },
  },
  replicas: {
    isRequired: false,
    costs: ['replicas', 'everywhere', 'candidates', 'trouble.ownerRow', 'OWNER_STOPPED', 'OWNER_UNKNOWN', 'THRASHING'],
    columns: {
      ...{ id: of('id'), started_at: of('moment'), stopped_at: of('moment'), updated_at: of('moment') },
      ...{ hostname: costing('text', 'replicas'), relay_address: costing('text', 'replicas', 'runtime') },
      ...{ version: costing('text', 'replicas'), region_id: costing('number', 'replicas') },
      error: costing('text', 'replicas.error'),
      primary: { ...costing('flag', 'which rows are workspace proxies'), only: 'coder', instead: 'true' },
    },
  },
  chat_events: {
    isRequired: false,
    only: 'own',
    costs: ['history', 'ownership', 'recentOwners', 'THRASHING'],
    columns: {
      ...{ id: of('number'), chat_id: of('id'), at: of('moment'), snapshot_version: of('number') },
      ...{ transitions: of('text'), by: of('text'), actor_id: of('id'), from_state: of('text'), to_state: of('text') },
      ...{ worker_id: of('id'), runner_id: of('id'), previous_worker_id: of('id') },
      ...{ generation_attempt: of('number'), queue_depth: of('number'), detail: of('json') },
    },
  },
  chat_debug_runs: {
    isRequired: false,
    only: 'coder',
    costs: ['debugRun', 'the sign of life where no replica can be asked'],
    columns: {
      ...{ id: of('id'), chat_id: of('id') },
      ...{ kind: costing('text', 'debugRun.kind'), status: costing('text', 'debugRun.status') },
      ...{ provider: costing('text', 'debugRun.provider'), model: costing('text', 'debugRun.model') },
      ...{ started_at: of('moment'), updated_at: of('moment'), finished_at: of('moment') },
    },
  },
  chat_debug_steps: {
    isRequired: false,
    only: 'coder',
    costs: ['debugRun.updatedAt of the step that runs'],
    columns: {
      ...{ run_id: of('id'), updated_at: of('moment') },
    },
  },
} as const satisfies Readonly<Record<string, TableRead>>;

export type TableName = keyof typeof TABLES_READ;
export const TABLE_NAMES = Object.keys(TABLES_READ) as TableName[];
/** Relations of the database. Chats are read from a view where their versions have a table of their own. */
export const RELATIONS = [...TABLE_NAMES, 'chats_expanded'] as const;
export type Relation = TableName | 'chats_expanded';
export const relationOf = (table: TableName, { chats }: Pick<PlatformRead, 'chats'>): Relation =>
  table === 'chats' ? chats : table;

/** Description of a table, in the general type. */
export const tableRead = (table: TableName): TableRead => TABLES_READ[table];

/** Columns of a chat that every platform has. */
export const CHAT_COLUMNS_READ = Object.entries<ColumnRead>(TABLES_READ.chats.columns).flatMap(([name, { only }]) =>
  only === undefined ? [name] : [],
);

/** Columns without which a table is of no use. */
export const neededColumns = (table: TableName): string[] =>
  Object.entries(tableRead(table).columns).flatMap(([name, { costs }]) => (costs === undefined ? [name] : []));

/** Types of Postgres by content. */
export const TYPES: Readonly<Record<Holds, readonly string[] | undefined>> = {
  id: ['uuid'],
  number: ['bigint', 'integer', 'smallint', 'numeric'],
  moment: ['timestamp with time zone', 'timestamp without time zone'],
  json: ['jsonb'],
  flag: ['boolean'],
  text: undefined, // any: enums too
};

/** Type of the null in place of a column that cannot be read. */
export const NULL_TYPE: Readonly<Record<Holds, string>> = {
  ...{ id: 'uuid', number: 'int8', moment: 'timestamptz', json: 'jsonb', flag: 'bool', text: 'text' },
};

/** Columns that a question needs, though its table is of use without them. */
export const QUESTION_NEEDS: Readonly<Record<string, readonly string[]>> = {
  children: ['chats.parent_chat_id'],
  lostChildren: ['chats.parent_chat_id'],
  turns: ['chat_messages.content'],
  openCalls: ['chat_messages.content'],
  queueAges: ['chat_queued_messages.created_at'],
  replicaRows: ['hostname', 'relay_address', 'version', 'region_id', 'error'].map((name) => `replicas.${name}`),
  replicaRowsById: ['hostname', 'relay_address', 'version', 'region_id', 'error'].map((name) => `replicas.${name}`),
};

/** Tables that a question takes for empty where they cannot be read; its answer holds without them. */
export const QUESTION_SPARES: Readonly<Record<string, readonly TableName[]>> = {
  chatPage: ['chat_messages'],
  troubles: ['replicas'],
};
