-- What people did to chats and replicas, and why. One row for each request, written in the transaction of its effect: dry runs,
-- refusals and conflicts, too. Rows are only added; chat_debug_drop_actions alone removes old ones. No content of chats is in
-- them. docs/actions.md tells the rest.
CREATE TABLE "chat_debug_actions" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "at" TIMESTAMPTZ(6) NOT NULL DEFAULT clock_timestamp(),
    "actor" TEXT NOT NULL,
    "token_id" TEXT,
    "via" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "chat_id" UUID,
    "replica_id" UUID,
    "reason" TEXT NOT NULL,
    "findings" TEXT[] NOT NULL DEFAULT '{}',
    "expected_version" BIGINT,
    "expected_worker_id" UUID,
    "expected_runner_id" UUID,
    "found_version" BIGINT,
    "found_worker_id" UUID,
    "found_runner_id" UUID,
    "state_before" TEXT,
    "state_after" TEXT,
    "version_after" BIGINT,
    "outcome" TEXT NOT NULL,
    "why" TEXT,
    "idempotency_key" UUID NOT NULL,
    "dry_run" BOOLEAN NOT NULL,
    -- SHA-256 of what was asked for: the same key with other input is a conflict.
    "input_hash" TEXT NOT NULL,
    "request_id" UUID,
    "trace_id" TEXT,

    CONSTRAINT "chat_debug_actions_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "chat_debug_actions_target_check" CHECK (("chat_id" IS NULL) <> ("replica_id" IS NULL)),
    CONSTRAINT "chat_debug_actions_outcome_check" CHECK ("outcome" IN ('DONE', 'NO_CHANGE', 'CONFLICT', 'REFUSED'))
);

CREATE UNIQUE INDEX "chat_debug_actions_actor_idempotency_key_dry_run_key"
    ON "chat_debug_actions"("actor", "idempotency_key", "dry_run");
-- Lists, newest first: all, of one chat.
CREATE INDEX "chat_debug_actions_at_id_idx" ON "chat_debug_actions"("at" DESC, "id" DESC);
CREATE INDEX "chat_debug_actions_chat_id_at_id_idx" ON "chat_debug_actions"("chat_id", "at" DESC, "id" DESC);

-- What a later look found: whether the trouble is gone.
CREATE TABLE "chat_debug_action_results" (
    "action_id" UUID NOT NULL,
    "at" TIMESTAMPTZ(6) NOT NULL DEFAULT clock_timestamp(),
    "resolved" TEXT NOT NULL,
    "findings" TEXT[] NOT NULL DEFAULT '{}',

    CONSTRAINT "chat_debug_action_results_pkey" PRIMARY KEY ("action_id"),
    CONSTRAINT "chat_debug_action_results_resolved_check" CHECK ("resolved" IN ('YES', 'NO', 'UNKNOWN'))
);

ALTER TABLE "chat_debug_action_results" ADD CONSTRAINT "chat_debug_action_results_action_id_fkey"
    FOREIGN KEY ("action_id") REFERENCES "chat_debug_actions"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Replicas that shall take no more chats and hand over what they hold. Each looks here with its heartbeats.
CREATE TABLE "chat_debug_drains" (
    "replica_id" UUID NOT NULL,
    "since" TIMESTAMPTZ(6) NOT NULL DEFAULT clock_timestamp(),
    "by" TEXT NOT NULL,
    "reason" TEXT NOT NULL,

    CONSTRAINT "chat_debug_drains_pkey" PRIMARY KEY ("replica_id")
);

ALTER TABLE "chat_debug_drains" ADD CONSTRAINT "chat_debug_drains_replica_id_fkey"
    FOREIGN KEY ("replica_id") REFERENCES "replicas"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Refuses every change of a record, whoever asks for it, but two: chat_debug_drop_actions drops old ones, and `npm run forget`
-- takes a person's id out.
CREATE FUNCTION "chat_debug_append_only"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF current_setting('chat_debug.drops_actions', true) = 'old' AND OLD.at < clock_timestamp() - interval '1 day' THEN
            RETURN OLD;
        END IF;
    ELSIF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'chat_debug_actions' THEN
        IF current_setting('chat_debug.forgets_person', true) = OLD.actor THEN
            OLD.actor := 'forgotten';
            OLD.token_id := NULL;
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER "chat_debug_actions_append_only" BEFORE UPDATE OR DELETE ON "chat_debug_actions"
    FOR EACH ROW EXECUTE FUNCTION "chat_debug_append_only"();
CREATE TRIGGER "chat_debug_actions_no_truncate" BEFORE TRUNCATE ON "chat_debug_actions"
    FOR EACH STATEMENT EXECUTE FUNCTION "chat_debug_append_only"();
CREATE TRIGGER "chat_debug_action_results_append_only" BEFORE UPDATE OR DELETE ON "chat_debug_action_results"
    FOR EACH ROW EXECUTE FUNCTION "chat_debug_append_only"();
CREATE TRIGGER "chat_debug_action_results_no_truncate" BEFORE TRUNCATE ON "chat_debug_action_results"
    FOR EACH STATEMENT EXECUTE FUNCTION "chat_debug_append_only"();

-- Drops up to 1,000 records that are older, with what was found later, and returns how many. It runs with the rights of its
-- owner, so that the operator's role needs none to delete.
CREATE FUNCTION "chat_debug_drop_actions"(retention_days float8) RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    dropped int;
BEGIN
    IF retention_days IS NULL OR retention_days < 2 THEN
        RAISE EXCEPTION 'Records are kept for two days at least' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM set_config('chat_debug.drops_actions', 'old', true);
    DELETE FROM chat_debug_actions WHERE id IN (
        SELECT id FROM chat_debug_actions WHERE at < clock_timestamp() - retention_days * interval '1 day'
        ORDER BY at LIMIT 1000
    );
    GET DIAGNOSTICS dropped = ROW_COUNT;
    PERFORM set_config('chat_debug.drops_actions', '', true);
    RETURN dropped;
END $$;

-- Whoever may make temporary tables must not put one in the place of ours. Only who is named in deploy/operator-role.sql may call.
DO $$ BEGIN
    EXECUTE format('ALTER FUNCTION chat_debug_drop_actions(float8) SET search_path = %I, pg_temp', current_schema());
END $$;
REVOKE ALL ON FUNCTION "chat_debug_drop_actions"(float8) FROM PUBLIC;

-- An operator's action stands in the event of its change: the transaction says which in chat_debug.action, as JSON.
CREATE FUNCTION "chat_event_action"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.detail := COALESCE(NEW.detail, '{}') || current_setting('chat_debug.action', true)::jsonb;
    RETURN NEW;
END $$;
CREATE TRIGGER "chat_event_action" BEFORE INSERT ON "chat_events" FOR EACH ROW
    WHEN (COALESCE(current_setting('chat_debug.action', true), '') <> '')
    EXECUTE FUNCTION "chat_event_action"();
