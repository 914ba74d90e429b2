/** SQL by which a chat is given up: its row names nobody, and its lease is gone. */

export const UNOWNED = 'worker_id = NULL, runner_id = NULL';

/**
 * Parts of a WITH that delete leases. A locked one is left to the clean-up: it must not keep a chat from being given up.
 * @param joined SQL of what the leases, `beat`, are joined with, and on what condition
 */
export const leasesGone = (joined: string): string => `lease AS (
    SELECT beat.chat_id, beat.runner_id FROM chat_heartbeats beat JOIN ${joined} FOR UPDATE OF beat SKIP LOCKED
  ), gone AS (
    DELETE FROM chat_heartbeats beat USING lease
    WHERE beat.chat_id = lease.chat_id AND beat.runner_id = lease.runner_id
  )`;
