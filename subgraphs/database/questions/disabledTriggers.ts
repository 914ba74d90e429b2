/** Triggers of this project's tables that are off: nobody notes then what they would note. Reads the catalog alone. */
import { Prisma } from '../../../prisma/generated/client.ts';

/** True if this project made the tables. */
export const IS_OURS = Prisma.sql`(
  EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = to_regclass('chats') AND t.tgname = 'chat_retry_state_changed')
  AND EXISTS (SELECT FROM pg_trigger AS t
              WHERE t.tgrelid = to_regclass('chat_messages') AND t.tgname = 'chat_message_changed'))`;

/**
 * Names, each as `table.trigger`; null: the tables are not this project's. Those that keep one table's rows in step with
 * another's have names of Postgres' own, and are left out.
 */
export const DISABLED_TRIGGERS = Prisma.sql`
  CASE WHEN ${IS_OURS} THEN ARRAY(
    SELECT c.relname || '.' || t.tgname FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
    WHERE c.oid IN (to_regclass('chats'), to_regclass('chat_messages'), to_regclass('chat_queued_messages'), to_regclass('chat_events'))
      AND NOT t.tgisinternal AND t.tgname ~ '^chat_' AND t.tgenabled IN ('D', 'R')
    ORDER BY 1) END`;
