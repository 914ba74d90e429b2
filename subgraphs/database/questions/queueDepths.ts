import type { Transaction } from '../transaction.ts';

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
