import type { Transaction } from '../transaction.ts';

export interface HeartbeatRow {
  readonly chatId: string;
  readonly runnerId: string;
  readonly heartbeatAt: Date;
  /** By the database's clock, to the microsecond; negative for a row from the future. */
  readonly ageSeconds: number;
}

/** Every lease row of these chats, newest first. The table cannot be read on a hot standby. */
export const heartbeatRows = (tx: Transaction, chatIds: readonly string[]): Promise<HeartbeatRow[]> => tx.$queryRaw`
  SELECT h.chat_id AS "chatId", h.runner_id AS "runnerId", h.heartbeat_at AS "heartbeatAt",
         extract(epoch FROM now() - h.heartbeat_at)::float8 AS "ageSeconds"
  FROM chat_heartbeats AS h
  WHERE h.chat_id = ANY(${chatIds}::uuid[])
  ORDER BY h.heartbeat_at DESC, h.runner_id`;
