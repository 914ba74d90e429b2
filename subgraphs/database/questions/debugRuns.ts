/** The platform's own debug log of chats, without what was said in it. */
import { Prisma } from '../../../prisma/generated/client.ts';
import type { Transaction } from '../transaction.ts';
import { ageSeconds, isSayable, sayable } from './moments.ts';

/** Row of the log. A stored time that is no moment is null. */
export interface DebugRunRow {
  readonly chatId: string;
  readonly kind: string | null;
  readonly status: string | null;
  readonly provider: string | null;
  readonly model: string | null;
  readonly startedAt: Date | null;
  readonly updatedAt: Date | null;
  readonly ageSeconds: number | null;
  readonly hasEnded: boolean;
  readonly finishedAt: Date | null;
}

const LONGEST_TEXT = 100;

/** Reads the newest run of each chat. A chat without a run has no row. */
export const debugRuns = (tx: Transaction, chatIds: readonly string[]): Promise<DebugRunRow[]> =>
  tx.$queryRaw(debugRunsSql(chatIds));

const text = (column: Prisma.Sql) => Prisma.sql`left(${column}::text, ${LONGEST_TEXT}::int4)`;

/**
 * Statement for the runs. A run whose start is no moment is passed over: it would be the newest for ever.
 * Each column is named, since a role may read no others.
 */
const debugRunsSql = (chatIds: readonly string[]): Prisma.Sql => Prisma.sql`
  SELECT run.chat_id AS "chatId", ${text(Prisma.sql`run.kind`)} AS kind, ${text(Prisma.sql`run.status`)} AS status,
         ${text(Prisma.sql`run.provider`)} AS provider, ${text(Prisma.sql`run.model`)} AS model,
         ${sayable(Prisma.sql`run.started_at`)} AS "startedAt", ${sayable(LAST)} AS "updatedAt",
         ${ageSeconds(LAST)} AS "ageSeconds", run.finished_at IS NOT NULL AS "hasEnded",
         ${sayable(Prisma.sql`run.finished_at`)} AS "finishedAt"
  FROM unnest(${chatIds}::uuid[]) AS chat (id)
  CROSS JOIN LATERAL (
    SELECT r.id, r.chat_id, r.kind, r.status, r.provider, r.model, r.started_at, r.updated_at, r.finished_at
    FROM chat_debug_runs AS r WHERE r.chat_id = chat.id AND ${isSayable(Prisma.sql`r.started_at`)}
    ORDER BY r.started_at DESC, r.id DESC LIMIT 1) AS run
  CROSS JOIN LATERAL (
    SELECT greatest(${sayable(Prisma.sql`run.updated_at`)}, (
      SELECT max(${sayable(Prisma.sql`s.updated_at`)}) FROM chat_debug_steps AS s WHERE s.run_id = run.id)) AS at
  ) AS last`;

const LAST = Prisma.sql`last.at`;
