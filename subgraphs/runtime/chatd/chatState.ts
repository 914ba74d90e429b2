/** A chat's row, as the worker reads it. */
import type { ClientBase, Pool } from 'pg';
import { mayPass } from './databaseFailure.ts';

export interface ChatState {
  readonly id: string;
  readonly ownerId: string;
  readonly status: string;
  readonly archived: boolean;
  readonly workerId: string | null;
  readonly runnerId: string | null;
  readonly snapshotVersion: number;
  readonly historyVersion: number;
  readonly queueVersion: number;
  readonly generationAttempt: number;
  readonly queueDepth: number;
  /**
   * Milliseconds from the reading to the deadline for tool results, by the database's clock.
   * Null: there is none, or it is `infinity`, a wait without an end. -Infinity: `-infinity`, passed from the start.
   */
  readonly deadlineInMs: number | null;
}

/** Columns for a SELECT from `chats`, or a RETURNING of it. An int8 comes as a JavaScript number. */
export const CHAT_COLUMNS = `
  chats.id, chats.owner_id AS "ownerId", chats.status::text AS status, chats.archived,
  chats.worker_id AS "workerId", chats.runner_id AS "runnerId",
  chats.snapshot_version::float8 AS "snapshotVersion", chats.history_version::float8 AS "historyVersion",
  chats.queue_version::float8 AS "queueVersion", chats.generation_attempt::float8 AS "generationAttempt",
  (SELECT count(*)::int FROM chat_queued_messages queued WHERE queued.chat_id = chats.id) AS "queueDepth",
  CASE WHEN isfinite(chats.requires_action_deadline_at)
      THEN (extract(epoch FROM chats.requires_action_deadline_at - now()) * 1000)::float8
    WHEN chats.requires_action_deadline_at < now() THEN '-Infinity'::float8
  END AS "deadlineInMs"`;

/** Largest value of an int8 column. */
const LAST = '9223372036854775807';

/** SQL that counts a column of `chats` up by one. At its largest value it stays, so that the chat keeps its writes. */
export const countedUp = (column: 'snapshot_version' | 'generation_attempt'): string =>
  `${column} + (${column} < ${LAST})::int`;

/**
 * SQL condition over `chats`: a worker should own the chat. The partial index `chats_runnable_idx` has the same one.
 */
export const IS_RUNNABLE = `(chats.status IN ('running', 'interrupting', 'requires_action') AND NOT chats.archived)`;

/** Reads the chats that exist, in any order. */
export async function readChats(database: Pool | ClientBase, chatIds: readonly string[]): Promise<ChatState[]> {
  const { rows } = await database.query<ChatState>({
    name: 'read-chats',
    text: `SELECT ${CHAT_COLUMNS} FROM chats WHERE id = ANY ($1::uuid[])`,
    values: [chatIds],
  });
  return rows;
}

/**
 * Reads each chat in the place of its id; undefined: it does not exist. A chat that cannot be read is an error in its
 * place only.
 */
export async function readChatsApart(
  database: Pool | ClientBase,
  chatIds: readonly string[],
): Promise<(ChatState | Error | undefined)[]> {
  try {
    const chats = new Map((await readChats(database, chatIds)).map((chat) => [chat.id, chat]));
    return chatIds.map((id) => chats.get(id));
  } catch (error) {
    if (!(error instanceof Error) || mayPass(error)) throw error;
    if (chatIds.length === 1) return [error];
    const half = Math.ceil(chatIds.length / 2);
    const first = await readChatsApart(database, chatIds.slice(0, half));
    return [...first, ...(await readChatsApart(database, chatIds.slice(half)))];
  }
}
