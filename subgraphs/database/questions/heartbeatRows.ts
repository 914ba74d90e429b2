import { Prisma } from '../../../prisma/generated/client.ts';
import type { Transaction } from '../transaction.ts';
import { ageSeconds, sayable } from './moments.ts';

export interface HeartbeatRow {
  readonly chatId: string;
  readonly runnerId: string;
  /** Null: the stored value cannot be said. */
  readonly heartbeatAt: Date | null;
  /** By the database's clock, to the microsecond; negative for a row ahead of it; null as `heartbeatAt` is. */
  readonly ageSeconds: number | null;
}

const AT = Prisma.sql`h.heartbeat_at`;

/** Every lease row of these chats, newest first. The table cannot be read on a hot standby. */
export const heartbeatRows = (tx: Transaction, chatIds: readonly string[]): Promise<HeartbeatRow[]> => tx.$queryRaw`
  SELECT h.chat_id AS "chatId", h.runner_id AS "runnerId", ${sayable(AT)} AS "heartbeatAt", ${ageSeconds(AT)} AS "ageSeconds"
  FROM chat_heartbeats AS h
  WHERE h.chat_id = ANY(${chatIds}::uuid[])
  ORDER BY h.heartbeat_at DESC, h.runner_id`;
