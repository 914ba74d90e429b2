/**
 * An account of every write to chats and their messages, by triggers of the test's own.
 * It says who wrote (replicas name themselves in `application_name`), and who owned the chat then. A message's owner is that
 * of the moment before its transaction, which may give the chat up as well.
 * It shares no code with what it checks.
 */
import type { Pool } from 'pg';
import { STALE_AFTER_SECONDS } from './settings.ts';

/**
 * `takenWhileFresh`: a runner is replaced though its heartbeat was fresh.
 * The heartbeat was committed before the replacing statement began; a commit may take 50 ms to be seen.
 */
const INSTALL = `
  CREATE TABLE fault_audit (
    seq bigserial PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp(), tx bigint NOT NULL DEFAULT txid_current(),
    writer text NOT NULL DEFAULT current_setting('application_name'),
    chat_id uuid NOT NULL, version bigint NOT NULL, worker_id uuid, worker_before uuid,
    role text, counted boolean NOT NULL DEFAULT false, taken_while_fresh boolean NOT NULL DEFAULT false);

  CREATE INDEX fault_audit_tx ON fault_audit (tx);

  CREATE FUNCTION fault_audit_chat() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO fault_audit (chat_id, version, worker_id, worker_before, counted, taken_while_fresh) VALUES (
      NEW.id, NEW.snapshot_version, NEW.worker_id, OLD.worker_id,
      coalesce(NEW.generation_attempt > OLD.generation_attempt, false),
      coalesce(NEW.runner_id <> OLD.runner_id, false) AND EXISTS (
        SELECT FROM chat_heartbeats beat WHERE beat.chat_id = NEW.id AND beat.runner_id = OLD.runner_id
          AND beat.heartbeat_at >= now() - interval '${STALE_AFTER_SECONDS} seconds'
          AND pg_xact_commit_timestamp(beat.xmin) < statement_timestamp() - interval '50 milliseconds'));
    RETURN NULL;
  END $$;
  CREATE TRIGGER fault_audit_chat AFTER INSERT OR UPDATE ON chats FOR EACH ROW EXECUTE FUNCTION fault_audit_chat();

  CREATE FUNCTION fault_audit_message() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO fault_audit (chat_id, version, worker_id, worker_before, role)
    SELECT id, snapshot_version, owner, owner, NEW.role::text FROM chats,
      LATERAL (SELECT worker_before FROM fault_audit
               WHERE tx = txid_current() AND chat_id = chats.id AND worker_before IS NOT NULL
               UNION ALL SELECT worker_id LIMIT 1) before (owner)
    WHERE id = NEW.chat_id;
    RETURN NULL;
  END $$;
  CREATE TRIGGER fault_audit_message AFTER INSERT OR UPDATE ON chat_messages
    FOR EACH ROW EXECUTE FUNCTION fault_audit_message();`;

export async function installAudit(pool: Pool): Promise<void> {
  await pool.query(INSTALL);
}

/** One thing that must not be, and the chat that it happened to, if to one. */
export interface Violation {
  readonly chatId?: string;
  readonly what: string;
}

/** Questions whose rows are errors. `a.by` is the replica that wrote, if one did. */
const QUESTIONS: Readonly<Record<string, string>> = {
  'a message or an attempt was written by a replica that did not own the chat': `
    SELECT chat_id, 'version ' || version || ': ' || coalesce(role, 'attempt') || ' by ' || writer || ', owner ' ||
      coalesce(worker_id::text, 'nobody') AS detail
    FROM fault_audit WHERE (role IN ('assistant', 'tool') OR counted)
      AND (writer LIKE 'chatd %' OR role IS DISTINCT FROM 'tool') -- a person may answer or cancel a call
      AND writer IS DISTINCT FROM 'chatd ' || worker_id`,
  'a chat was changed by a replica that neither owned it nor took it': `
    SELECT chat_id, 'version ' || version || ' by ' || writer AS detail
    FROM fault_audit WHERE writer LIKE 'chatd %' AND writer IS DISTINCT FROM 'chatd ' || worker_id
      AND NOT EXISTS (SELECT FROM fault_audit same WHERE same.tx = fault_audit.tx
        AND same.chat_id = fault_audit.chat_id AND fault_audit.writer = 'chatd ' || same.worker_before)`,
  'a chat was taken from a runner with a fresh lease': `
    SELECT chat_id, 'version ' || version || ' by ' || writer AS detail FROM fault_audit WHERE taken_while_fresh`,
  'snapshot_version has a gap, or two transactions share one': `
    SELECT chat_id, count(DISTINCT version) || ' versions, ' || count(DISTINCT tx) || ' transactions, ' ||
      min(version) || ' to ' || max(version) || ', the row says ' || min(chats.snapshot_version) AS detail
    FROM fault_audit LEFT JOIN chats ON chats.id = chat_id GROUP BY chat_id
    HAVING min(version) <> 1 OR max(version) <> count(DISTINCT version) OR count(DISTINCT tx) <> count(DISTINCT version)
      OR max(version) IS DISTINCT FROM min(chats.snapshot_version)`,
};

export async function auditViolations(pool: Pool): Promise<Violation[]> {
  const violations: Violation[] = [];
  for (const [what, question] of Object.entries(QUESTIONS)) {
    const { rows } = await pool.query<{ chat_id: string; detail: string }>(question);
    for (const row of rows) violations.push({ chatId: row.chat_id, what: `${what} (${row.detail})` });
  }
  return violations;
}

/** Figures for the report: what there was to look at. */
export async function auditFigures(pool: Pool) {
  const { rows } = await pool.query<{ writes: number; transactions: number; takeovers: number }>(
    `SELECT count(*)::int AS writes, count(DISTINCT tx)::int AS transactions,
       count(*) FILTER (WHERE worker_before <> worker_id)::int AS takeovers FROM fault_audit`,
  );
  return rows[0] ?? { writes: 0, transactions: 0, takeovers: 0 };
}
