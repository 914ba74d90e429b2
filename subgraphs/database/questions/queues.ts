/** The queue of a chat: how many messages wait in it, and for how long. */
import { Prisma } from '../../../prisma/generated/client.ts';
import type { Transaction } from '../transaction.ts';
import { ageSeconds, sayable } from './moments.ts';

interface QueueDepthRow {
  readonly chatId: string;
  readonly depth: number;
}

/** Reads how many messages wait. A chat with an empty queue has no row. */
export const queueDepths = (tx: Transaction, chatIds: readonly string[]): Promise<QueueDepthRow[]> => tx.$queryRaw`
  SELECT q.chat_id AS "chatId", least(count(*), 2147483647)::int4 AS depth
  FROM chat_queued_messages AS q
  WHERE q.chat_id = ANY(${chatIds}::uuid[])
  GROUP BY q.chat_id`;

interface QueueAgeRow {
  readonly chatId: string;
  /** Seconds by the database's clock; null: no time in the queue is a moment. */
  readonly ageSeconds: number | null;
}

/** Reads how long the oldest message has waited. A chat with an empty queue has no row. */
export const queueAges = (tx: Transaction, chatIds: readonly string[]): Promise<QueueAgeRow[]> => tx.$queryRaw`
  SELECT oldest.chat_id AS "chatId", ${ageSeconds(Prisma.sql`oldest.created_at`)} AS "ageSeconds"
  FROM (
    SELECT q.chat_id, min(${sayable(Prisma.sql`q.created_at`)}) AS created_at
    FROM chat_queued_messages AS q WHERE q.chat_id = ANY(${chatIds}::uuid[]) GROUP BY q.chat_id) AS oldest`;
