import { Prisma } from '../../../prisma/generated/client.ts';
import type { Transaction } from '../transaction.ts';
import { ageSeconds, sayable } from './moments.ts';

export interface HeartbeatRow {
  readonly chatId: string;
  readonly runnerId: string;
  /** Moment of the renewal; null: the stored value is none. */
  readonly heartbeatAt: Date | null;
  /**
   * Age in seconds by the database's clock, to the microsecond; negative for a row ahead of it. Null as `heartbeatAt`
   * is.
   */
  readonly ageSeconds: number | null;
}

const AT = Prisma.sql`h.heartbeat_at`;

/**
 * Reads every lease row of these chats, newest first. A view may show one of nobody, which says nothing. A hot standby
 * cannot read the table.
 */
export const heartbeatRows = (tx: Transaction, chatIds: readonly string[]): Promise<HeartbeatRow[]> => tx.$queryRaw`
  SELECT h.chat_id AS "chatId", h.runner_id AS "runnerId", ${sayable(AT)} AS "heartbeatAt", ${ageSeconds(AT)} AS "ageSeconds"
  FROM chat_heartbeats AS h
  WHERE h.chat_id = ANY(${chatIds}::uuid[]) AND h.runner_id IS NOT NULL
  ORDER BY h.heartbeat_at DESC, h.runner_id`;
