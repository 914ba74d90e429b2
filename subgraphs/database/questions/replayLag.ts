/** Age of what a standby shows. */
import { Prisma } from '../../../prisma/generated/client.ts';

/**
 * Expression for the seconds by which a standby may be behind; null: no standby, or nothing was replayed yet.
 * Without a receiver nothing arrives, so that having replayed all of it says nothing of the primary.
 */
export const REPLAY_LAG = Prisma.sql`
  CASE WHEN NOT pg_is_in_recovery() THEN NULL
    WHEN EXISTS (SELECT FROM pg_stat_wal_receiver) AND pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
    ELSE greatest(0, extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())) END::float8`;
