/** What is read of a chat's row, wherever one is read. */
import { Prisma } from '../../../prisma/generated/client.ts';

/** As the resolvers hand it on. Versions are exact up to 2^53; beyond that the scalar refuses them. */
export interface ChatRow {
  readonly chatId: string;
  readonly takenAt: Date;
  readonly ownerId: string;
  readonly title: string;
  /** Any text: the enum can gain values. */
  readonly status: string;
  readonly archived: boolean;
  readonly workerId: string | null;
  readonly runnerId: string | null;
  readonly parentChatId: string | null;
  readonly rootChatId: string | null;
  readonly snapshotVersion: number;
  readonly historyVersion: number;
  readonly queueVersion: number;
  readonly generationAttempt: number;
  readonly retryStateVersion: number;
  readonly lastError: Prisma.JsonValue;
  readonly retryState: Prisma.JsonValue;
  readonly requiresActionDeadlineAt: Date | null;
  /** By the database's clock; negative once the deadline has passed. */
  readonly requiresActionSecondsLeft: number | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** By the database's clock. */
  readonly updatedAgeSeconds: number;
  /** Who locked or changed the row last, as Postgres notes it in the row; `0`: nobody did. */
  readonly xmax: string;
}

/** Of `chats AS c`. */
export const CHAT_COLUMNS = Prisma.sql`
  c.id AS "chatId", now() AS "takenAt", c.owner_id AS "ownerId", c.title, c.status::text AS status, c.archived,
  c.worker_id AS "workerId", c.runner_id AS "runnerId",
  c.parent_chat_id AS "parentChatId", c.root_chat_id AS "rootChatId",
  c.snapshot_version::float8 AS "snapshotVersion", c.history_version::float8 AS "historyVersion",
  c.queue_version::float8 AS "queueVersion", c.generation_attempt::float8 AS "generationAttempt",
  c.retry_state_version::float8 AS "retryStateVersion", c.last_error AS "lastError", c.retry_state AS "retryState",
  c.requires_action_deadline_at AS "requiresActionDeadlineAt", 
  extract(epoch FROM c.requires_action_deadline_at - now())::float8 AS "requiresActionSecondsLeft",
  c.created_at AS "createdAt", c.updated_at AS "updatedAt",
  greatest(0, extract(epoch FROM now() - c.updated_at))::float8 AS "updatedAgeSeconds",
  c.xmax::text AS xmax`;
