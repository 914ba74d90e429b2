-- The role of `npm run start:operator`: all that it may do. Run it as the owner of the tables, after `npm run migrate`, with
-- psql -v ON_ERROR_STOP=1 -f deploy/operator-role.sql, then give the role a password. The settings of `start:operator` name it in
-- DATABASE_URL.
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'chat_debug_operator') THEN
        CREATE ROLE chat_debug_operator LOGIN;
    END IF;
END $$;

GRANT SELECT ON _prisma_migrations, chats, chat_messages, chat_queued_messages, chat_heartbeats, replicas TO chat_debug_operator;

-- Transitions of the state machine. Neither owner, title nor family of a chat can be changed.
GRANT UPDATE (status, archived, worker_id, runner_id, snapshot_version, history_version, queue_version, generation_attempt,
              retry_state, retry_state_version, last_error, requires_action_deadline_at, updated_at, unanswered)
    ON chats TO chat_debug_operator;
GRANT INSERT ON chat_messages TO chat_debug_operator;
GRANT USAGE ON SEQUENCE chat_messages_id_seq TO chat_debug_operator;
GRANT DELETE ON chat_queued_messages TO chat_debug_operator;
GRANT UPDATE, DELETE ON chat_heartbeats TO chat_debug_operator;

-- The record of what was done: it is added to, and never changed.
GRANT SELECT, INSERT ON chat_debug_actions, chat_debug_action_results TO chat_debug_operator;
GRANT SELECT, INSERT, DELETE ON chat_debug_drains TO chat_debug_operator;
-- Plans are no record, and old ones are deleted. What was planned cannot be changed afterwards.
GRANT SELECT, INSERT, DELETE ON chat_debug_plans TO chat_debug_operator;
GRANT UPDATE (roles, token_id, via, request_id, trace_id, per_second, started_at, next_at, ended_at, stopped_by)
    ON chat_debug_plans TO chat_debug_operator;
GRANT SELECT, INSERT ON chat_debug_plan_items TO chat_debug_operator;
GRANT UPDATE (tried_at, outcome, why, action_id) ON chat_debug_plan_items TO chat_debug_operator;
GRANT EXECUTE ON FUNCTION chat_debug_drop_actions(float8) TO chat_debug_operator;
