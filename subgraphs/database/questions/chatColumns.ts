/** Columns of a chat's row, the same wherever a chat is read. */
import { Prisma } from '../../../prisma/generated/client.ts';
import { NAMES_RETRY_TIME, RETRY_SECONDS_LEFT, RETRY_TIME_IS_ODD } from '../retrySql.ts';
import { isSafe, type Members, readableJson, safe } from '../saidSql.ts';
import { ageSeconds, isSayable, sayable } from './moments.ts';

/**
 * A chat's row, as resolvers hand it on. Null stands for a missing value and for an unsayable one; `unreadableOf` tells
 * them apart.
 */
export interface ChatRow {
  readonly chatId: string;
  readonly takenAt: Date;
  /** Owner; null where a view does not know it. */
  readonly ownerId: string | null;
  readonly title: string;
  /** Status as any text: the enum can gain values. */
  readonly status: string;
  readonly archived: boolean;
  readonly workerId: string | null;
  readonly runnerId: string | null;
  readonly parentChatId: string | null;
  readonly rootChatId: string | null;
  readonly snapshotVersion: number | null;
  readonly historyVersion: number | null;
  readonly queueVersion: number | null;
  readonly generationAttempt: number | null;
  readonly retryStateVersion: number | null;
  /** Last error as it is stored, but for its size: not yet fit to be shown. */
  readonly lastError: Prisma.JsonValue;
  /** Retry state with known members only. Its texts are long, and not yet fit to be shown. */
  readonly retryState: Prisma.JsonValue;
  /** Seconds by the database's clock; negative once the time has passed. */
  readonly retrySecondsLeft: number | null;
  /** Deadline; null for `infinity`, too, which is none. */
  readonly requiresActionDeadlineAt: Date | null;
  /** Seconds by the database's clock; negative once the deadline has passed. */
  readonly requiresActionSecondsLeft: number | null;
  readonly createdAt: Date | null;
  readonly updatedAt: Date | null;
  /** Seconds by the database's clock; negative for a row ahead of it. */
  readonly updatedAgeSeconds: number | null;
  /** Nullable fields with a stored value, which may be unsayable. */
  readonly stored: readonly NullableField[];
}

/** Characters of a title; a list reads a hundred titles. */
const LONGEST_TITLE = Prisma.raw('10000');

const VERSIONS = {
  snapshotVersion: Prisma.sql`c.snapshot_version`,
  historyVersion: Prisma.sql`c.history_version`,
  queueVersion: Prisma.sql`c.queue_version`,
  generationAttempt: Prisma.sql`c.generation_attempt`,
  retryStateVersion: Prisma.sql`c.retry_state_version`,
};
const MOMENTS = { createdAt: Prisma.sql`c.created_at`, updatedAt: Prisma.sql`c.updated_at` };
const DEADLINE = Prisma.sql`c.requires_action_deadline_at`;

/** Members of `last_error` and `retry_state` that leave: those that this project's worker writes. */
export const JSON_MEMBERS = {
  lastError: { texts: ['kind', 'message', 'provider'], others: ['status_code', 'retryable'] },
  retryState: { texts: ['error', 'kind', 'retrying_at'], others: ['attempt'] },
} satisfies Record<string, Members>;

/** Conditions under which a field of `chats AS c` cannot be read. Each is null only for a null column. */
export const IS_UNREADABLE = {
  ...mapped(VERSIONS, (column) => Prisma.sql`NOT ${isSafe(column)}`),
  ...mapped(MOMENTS, (column) => Prisma.sql`NOT ${isSayable(column)}`),
  requiresActionDeadlineAt: Prisma.sql`NOT ${isSayable(DEADLINE)} AND ${DEADLINE} <> 'infinity'`,
  lastError: Prisma.sql`jsonb_typeof(c.last_error) = 'array'`,
  retryState: Prisma.sql`jsonb_typeof(c.retry_state) = 'array'`,
  retrySecondsLeft: RETRY_TIME_IS_ODD,
};
export type UnreadableField = keyof typeof IS_UNREADABLE;
export const UNREADABLE_FIELDS = Object.keys(IS_UNREADABLE) as UnreadableField[];

/** Conditions under which a field has a stored value. Asking for that costs less than asking why it is unsayable. */
const IS_STORED = {
  createdAt: IS_UNREADABLE.createdAt,
  ...mapped(VERSIONS, (column) => Prisma.sql`${column} IS NOT NULL`),
  requiresActionDeadlineAt: Prisma.sql`${DEADLINE} <> 'infinity'`,
  lastError: IS_UNREADABLE.lastError,
  retryState: IS_UNREADABLE.retryState,
  retrySecondsLeft: NAMES_RETRY_TIME,
};
type NullableField = keyof typeof IS_STORED;
const STORED = Prisma.join(
  Object.entries(IS_STORED).map(([name, is]) => Prisma.sql`CASE WHEN ${is} THEN ${Prisma.raw(`'${name}'`)} END`),
);

/** Fields of the row that a stored value keeps from being read. */
export const unreadableOf = (chat: ChatRow): UnreadableField[] =>
  UNREADABLE_FIELDS.filter(
    (name) => chat[name] === null && (!(name in IS_STORED) || chat.stored.some((s) => s === name)),
  );

/** Expressions of the columns of `chats AS c`, by name. */
const COLUMNS: Readonly<Record<keyof ChatRow, Prisma.Sql>> = {
  chatId: Prisma.sql`c.id`,
  takenAt: Prisma.sql`now()`,
  ownerId: Prisma.sql`c.owner_id`,
  title: Prisma.sql`COALESCE(left(c.title, ${LONGEST_TITLE}), '')`, // null where a view does not know it
  status: Prisma.sql`COALESCE(c.status::text, '')`,
  archived: Prisma.sql`c.archived`,
  workerId: Prisma.sql`c.worker_id`,
  runnerId: Prisma.sql`c.runner_id`,
  parentChatId: Prisma.sql`c.parent_chat_id`,
  rootChatId: Prisma.sql`c.root_chat_id`,
  ...mapped(VERSIONS, safe),
  lastError: readableJson(Prisma.sql`c.last_error`, JSON_MEMBERS.lastError),
  retryState: readableJson(Prisma.sql`c.retry_state`, JSON_MEMBERS.retryState),
  retrySecondsLeft: RETRY_SECONDS_LEFT,
  requiresActionDeadlineAt: sayable(DEADLINE),
  requiresActionSecondsLeft: Prisma.sql`-(${ageSeconds(DEADLINE)})`,
  ...mapped(MOMENTS, sayable),
  updatedAgeSeconds: ageSeconds(MOMENTS.updatedAt),
  stored: Prisma.sql`array_remove(ARRAY[${STORED}], NULL)`,
};

function mapped<K extends string>(columns: Readonly<Record<K, Prisma.Sql>>, by: (column: Prisma.Sql) => Prisma.Sql) {
  const entries = Object.entries<Prisma.Sql>(columns).map(([name, column]) => [name, by(column)]);
  return Object.fromEntries(entries) as Record<K, Prisma.Sql>;
}

const named = (name: string) => Prisma.raw(`"${name}"`);

/** Columns of `chats AS c`. */
export const CHAT_COLUMNS = Prisma.join(
  Object.entries(COLUMNS).map(([name, column]) => Prisma.sql`${column} AS ${named(name)}`),
);

/** Names of the same columns, for an outer query over one that has selected them. */
export const CHAT_COLUMN_NAMES = Prisma.join(Object.keys(COLUMNS).map(named));
