-- Jobs of graphile-worker as chats. Run it once, as the owner of the schema graphile_worker.
-- Give the gateway's role USAGE on both schemas and SELECT on all of chat_debug, and lead it there: by
-- ?options=-c%20search_path%3Dchat_debug at the end of its DATABASE_URL, or by ALTER ROLE … SET search_path = chat_debug.
CREATE SCHEMA chat_debug;

-- One row for each process; the adapter writes it. `names` are the ids of its worker pools, by which jobs are locked.
CREATE TABLE chat_debug.processes (
  id uuid PRIMARY KEY, names text[] NOT NULL DEFAULT '{}', relay_address text NOT NULL, hostname text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(), beat_at timestamptz NOT NULL DEFAULT now(), stopped_at timestamptz
);

CREATE FUNCTION chat_debug.chat_id(job bigint) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$ SELECT ('00000000-0000-4000-8000-' || lpad(to_hex(job), 12, '0'))::uuid $$;
CREATE INDEX chat_debug_chat_id ON graphile_worker._private_jobs (chat_debug.chat_id(id));

-- A runner is one try of a job: the adapter makes the same id in the process.
CREATE FUNCTION chat_debug.runner_id(job bigint, attempts int, name text) RETURNS uuid LANGUAGE sql IMMUTABLE
  AS $$ SELECT md5(job || ' ' || attempts || ' ' || name)::uuid $$;

-- A process without the adapter has no row in `processes`. Nobody can tell whether it lives, so its jobs name no runner.
CREATE VIEW chat_debug.chats AS
SELECT
  chat_debug.chat_id(j.id) AS id, '00000000-0000-4000-8000-000000000000'::uuid AS owner_id, t.identifier AS title,
  CASE WHEN j.locked_by IS NULL AND j.attempts >= j.max_attempts THEN 'error' ELSE 'running' END AS status,
  false AS archived, COALESCE(p.id, md5(j.locked_by)::uuid) AS worker_id,
  CASE WHEN p.id IS NOT NULL THEN chat_debug.runner_id(j.id, j.attempts, j.locked_by) END AS runner_id,
  NULL::uuid AS parent_chat_id, NULL::uuid AS root_chat_id,
  NULL::bigint AS snapshot_version, NULL::bigint AS history_version, NULL::bigint AS queue_version,
  j.attempts::bigint AS generation_attempt,
  CASE
    WHEN j.locked_by IS NOT NULL OR j.attempts >= j.max_attempts THEN NULL
    WHEN j.run_at > now() THEN jsonb_build_object('attempt', j.attempts,
      'kind', CASE WHEN j.attempts = 0 THEN 'scheduled' ELSE 'failed' END, 'retrying_at', to_jsonb(j.run_at))
    WHEN q.locked_by IS NOT NULL THEN jsonb_build_object('attempt', j.attempts, 'kind', 'queue')
  END AS retry_state,
  NULL::bigint AS retry_state_version,
  CASE WHEN j.locked_by IS NULL AND j.attempts >= j.max_attempts THEN
    jsonb_build_object('kind', 'failed', 'message', j.attempts || ' tries failed', 'retryable', false) END AS last_error,
  NULL::timestamptz AS requires_action_deadline_at, j.created_at,
  GREATEST(j.created_at, j.updated_at, j.locked_at, CASE WHEN j.run_at <= now() THEN j.run_at END) AS updated_at
FROM graphile_worker._private_jobs AS j
JOIN graphile_worker._private_tasks AS t ON t.id = j.task_id
LEFT JOIN graphile_worker._private_job_queues AS q ON q.id = j.job_queue_id
LEFT JOIN chat_debug.processes AS p ON j.locked_by = ANY(p.names);

-- graphile-worker renews no lease. The process beats, so the lease of each of its jobs is as young as the newer of both.
CREATE VIEW chat_debug.chat_heartbeats AS
SELECT c.id AS chat_id, c.runner_id, GREATEST(c.updated_at, p.beat_at) AS heartbeat_at
FROM chat_debug.chats AS c JOIN chat_debug.processes AS p ON p.id = c.worker_id;

-- A job has no messages and no queue of them.
CREATE VIEW chat_debug.chat_queued_messages AS SELECT NULL::uuid AS chat_id, NULL::timestamptz AS created_at WHERE false;
CREATE VIEW chat_debug.chat_messages AS SELECT NULL::bigint AS id, NULL::uuid AS chat_id, NULL::text AS role,
  NULL::boolean AS deleted, NULL::jsonb AS content, NULL::timestamptz AS created_at WHERE false;

CREATE VIEW chat_debug.replicas AS
SELECT id, started_at, stopped_at, beat_at AS updated_at, hostname, relay_address, 'graphile-worker' AS version,
  0 AS region_id, ''::text AS error
FROM chat_debug.processes;
