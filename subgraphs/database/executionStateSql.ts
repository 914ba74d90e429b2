/** The rule of domain/executionState.ts in SQL, for conditions on chats that are not read. A test compares the two. */
import { Prisma } from '../../prisma/generated/client.ts';

/** Name of the state. `queued` is evaluated only where the status needs it. */
export const executionStateSql = (chat: {
  status: Prisma.Sql;
  archived: Prisma.Sql;
  queued: Prisma.Sql;
}): Prisma.Sql => {
  const { status, archived, queued } = chat;
  return Prisma.sql`
    CASE ${status}::text
      WHEN 'waiting' THEN CASE WHEN ${queued} THEN 'INVALID' WHEN ${archived} THEN 'XW' ELSE 'W' END
      WHEN 'error' THEN CASE WHEN ${archived} THEN 'X' ELSE '' END || CASE WHEN ${queued} THEN 'E1' ELSE 'E0' END
      WHEN 'running' THEN ${runnableState('R', archived, queued)}
      WHEN 'interrupting' THEN ${runnableState('I', archived, queued)}
      WHEN 'requires_action' THEN ${runnableState('A', archived, queued)}
      ELSE 'INVALID'
    END`;
};

function runnableState(letter: 'R' | 'I' | 'A', archived: Prisma.Sql, queued: Prisma.Sql): Prisma.Sql {
  const name = Prisma.raw(`'${letter}'`);
  return Prisma.sql`CASE WHEN ${archived} THEN 'INVALID' WHEN ${queued} THEN ${name} || '1' ELSE ${name} || '0' END`;
}

/**
 * True if messages wait for `chats AS c`. It is one look into an index; an EXISTS may become a scan of the whole queue.
 */
export const QUEUED = Prisma.sql`
  ((SELECT true FROM chat_queued_messages AS q WHERE q.chat_id = c.id LIMIT 1) IS TRUE)`;

/** Execution state of `chats AS c`. */
export const EXECUTION_STATE = executionStateSql({
  status: Prisma.sql`c.status`,
  archived: Prisma.sql`c.archived`,
  queued: QUEUED,
});

/** True if a worker should own `chats AS c`; worded as in the partial index `chats_runnable_idx`. */
export const RUNNABLE = Prisma.sql`
  (c.status IN ('running', 'interrupting', 'requires_action') AND NOT c.archived)`;
