/** Ability of workers to write. As far as can be told from here, a worker connects as the owner of the tables. */
import { Prisma } from '../../../prisma/generated/client.ts';

/**
 * True if new sessions of workers are read-only by default.
 * It looks at settings of role and database, which count from the next session on. The reader's own role may be
 * read-only on purpose.
 */
export const READ_ONLY_BY_DEFAULT = Prisma.sql`
  COALESCE(
    (SELECT split_part(setting, '=', 2)::bool
     FROM pg_db_role_setting AS s CROSS JOIN LATERAL unnest(s.setconfig) AS setting
     WHERE setting LIKE 'default\\_transaction\\_read\\_only=%'
       AND s.setdatabase IN (0, (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database()))
       AND s.setrole IN (0, COALESCE((SELECT t.relowner FROM pg_class AS t WHERE t.oid = to_regclass('chats')), 0))
     ORDER BY s.setrole <> 0 DESC, s.setdatabase <> 0 DESC LIMIT 1),
    (SELECT s.reset_val::bool FROM pg_settings AS s WHERE s.name = 'default_transaction_read_only'
       AND s.source IN ('default', 'environment variable', 'configuration file', 'command line')),
    false)`;

/** True if a worker of this project has a session on this server. */
export const WORKERS_ARE_HERE = Prisma.sql`
  EXISTS (SELECT FROM pg_stat_activity AS s WHERE s.datname = current_database() AND s.application_name LIKE 'chatd %')`;
