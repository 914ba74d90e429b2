-- Tables as a Coder deployment has them at migration 000614, as far as chats go: names, types, keys, indexes and the one
-- trigger that a reader meets. Written from facts, for tests.

CREATE TABLE schema_migrations (version int8 PRIMARY KEY, dirty bool NOT NULL);
INSERT INTO schema_migrations VALUES (614, false);

CREATE TABLE users (
  id uuid PRIMARY KEY,
  username text NOT NULL,
  name text NOT NULL DEFAULT '',
  avatar_url text NOT NULL DEFAULT '',
  email text NOT NULL DEFAULT ''
);
CREATE VIEW visible_users AS SELECT id, username, name, avatar_url FROM users;

CREATE TYPE chat_status AS ENUM ('waiting', 'running', 'error', 'requires_action', 'interrupting');
CREATE TYPE chat_message_role AS ENUM ('system', 'user', 'assistant', 'tool');
CREATE TYPE chat_message_visibility AS ENUM ('user', 'model', 'both');
CREATE TYPE chat_mode AS ENUM ('computer_use', 'explore');
CREATE TYPE chat_plan_mode AS ENUM ('plan');
CREATE TYPE chat_client_type AS ENUM ('ui', 'api');

CREATE TABLE chats (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  owner_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  workspace_id uuid,
  title text NOT NULL DEFAULT 'New Chat',
  status chat_status NOT NULL DEFAULT 'waiting',
  worker_id uuid,
  started_at timestamptz,
  heartbeat_at timestamptz, -- written by nobody
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  parent_chat_id uuid REFERENCES chats (id) ON DELETE SET NULL,
  root_chat_id uuid REFERENCES chats (id) ON DELETE SET NULL,
  last_model_config_id uuid NOT NULL,
  last_reasoning_effort text,
  archived bool NOT NULL DEFAULT false,
  last_error jsonb,
  mode chat_mode,
  mcp_server_ids uuid[] NOT NULL DEFAULT '{}',
  labels jsonb NOT NULL DEFAULT '{}',
  build_id uuid,
  agent_id uuid,
  pin_order int4 NOT NULL DEFAULT 0,
  last_read_message_id int8,
  dynamic_tools jsonb,
  organization_id uuid NOT NULL,
  project_id uuid,
  plan_mode chat_plan_mode,
  client_type chat_client_type NOT NULL DEFAULT 'api',
  last_turn_summary text,
  summary text,
  summary_generated_at timestamptz,
  snapshot_version int8 NOT NULL DEFAULT 1,
  history_version int8 NOT NULL DEFAULT 0,
  queue_version int8 NOT NULL DEFAULT 0,
  generation_attempt int8 NOT NULL DEFAULT 0,
  retry_state jsonb,
  retry_state_version int8 NOT NULL DEFAULT 0,
  runner_id uuid,
  requires_action_deadline_at timestamptz,
  user_acl jsonb NOT NULL DEFAULT '{}',
  group_acl jsonb NOT NULL DEFAULT '{}',
  context_aggregate_hash bytea,
  context_dirty_since timestamptz,
  context_error text NOT NULL DEFAULT '',
  compaction_requested_at timestamptz,
  title_source text,
  title_updated_at timestamptz,
  CONSTRAINT chat_acl_only_on_root_chats
    CHECK (parent_chat_id IS NULL AND root_chat_id IS NULL OR user_acl = '{}' AND group_acl = '{}')
);
CREATE INDEX idx_chats_owner ON chats (owner_id);
CREATE INDEX idx_chats_workspace ON chats (workspace_id);
CREATE INDEX idx_chats_parent_chat_id ON chats (parent_chat_id);
CREATE INDEX idx_chats_root_chat_id ON chats (root_chat_id);
CREATE INDEX idx_chats_last_model_config_id ON chats (last_model_config_id);
CREATE INDEX idx_chats_worker_acquisition_candidates ON chats ((parent_chat_id IS NULL), status, updated_at, id)
  WHERE archived = false;

CREATE TABLE chat_messages (
  id bigserial PRIMARY KEY,
  chat_id uuid NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
  model_config_id uuid,
  created_at timestamptz NOT NULL DEFAULT now(),
  role chat_message_role NOT NULL,
  content jsonb,
  visibility chat_message_visibility NOT NULL DEFAULT 'both',
  input_tokens int8,
  output_tokens int8,
  total_tokens int8,
  reasoning_tokens int8,
  cache_creation_tokens int8,
  cache_read_tokens int8,
  context_limit int8,
  compressed bool NOT NULL DEFAULT false,
  created_by uuid,
  content_version int2 NOT NULL,
  total_cost_micros int8,
  runtime_ms int8,
  deleted bool NOT NULL DEFAULT false,
  provider_response_id text,
  revision int8 NOT NULL
);
CREATE INDEX idx_chat_messages_chat ON chat_messages (chat_id);
CREATE INDEX idx_chat_messages_chat_created ON chat_messages (chat_id, created_at);
CREATE INDEX idx_chat_messages_chat_role_id ON chat_messages (chat_id, role, id DESC) WHERE deleted = false;

CREATE SEQUENCE chat_queued_messages_position_seq;
CREATE TABLE chat_queued_messages (
  id bigserial PRIMARY KEY,
  chat_id uuid NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
  content jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  model_config_id uuid,
  position int8 NOT NULL DEFAULT nextval('chat_queued_messages_position_seq'),
  created_by uuid NOT NULL,
  automation_id uuid,
  input_id uuid,
  queue_generation int8
);
CREATE INDEX idx_chat_queued_messages_chat_id ON chat_queued_messages (chat_id);

CREATE UNLOGGED TABLE chat_heartbeats (
  chat_id uuid NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
  runner_id uuid NOT NULL,
  heartbeat_at timestamptz NOT NULL,
  PRIMARY KEY (chat_id, runner_id)
);
CREATE INDEX chat_heartbeats_heartbeat_at_idx ON chat_heartbeats (heartbeat_at);

-- No primary key.
CREATE TABLE replicas (
  id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  started_at timestamptz NOT NULL,
  stopped_at timestamptz,
  updated_at timestamptz NOT NULL,
  hostname text NOT NULL,
  region_id int4 NOT NULL,
  relay_address text NOT NULL,
  database_latency int4 NOT NULL,
  version text NOT NULL,
  error text NOT NULL DEFAULT '',
  "primary" bool NOT NULL DEFAULT true,
  cluster_host text NOT NULL DEFAULT '',
  nats_port int4 NOT NULL DEFAULT 0
);

CREATE TABLE chat_debug_runs (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  chat_id uuid NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
  root_chat_id uuid,
  parent_chat_id uuid,
  model_config_id uuid,
  trigger_message_id int8,
  history_tip_message_id int8,
  kind text NOT NULL,
  status text NOT NULL,
  provider text,
  model text,
  summary jsonb NOT NULL DEFAULT '{}',
  started_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz
);
CREATE UNIQUE INDEX idx_chat_debug_runs_id_chat ON chat_debug_runs (id, chat_id);
CREATE INDEX idx_chat_debug_runs_chat_started ON chat_debug_runs (chat_id, started_at DESC);

CREATE TABLE chat_debug_steps (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  run_id uuid NOT NULL,
  chat_id uuid NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
  step_number int4 NOT NULL,
  operation text NOT NULL,
  status text NOT NULL,
  history_tip_message_id int8,
  assistant_message_id int8,
  normalized_request jsonb NOT NULL,
  normalized_response jsonb,
  usage jsonb,
  attempts jsonb NOT NULL DEFAULT '[]',
  error jsonb,
  metadata jsonb NOT NULL DEFAULT '{}',
  started_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  FOREIGN KEY (run_id, chat_id) REFERENCES chat_debug_runs (id, chat_id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX idx_chat_debug_steps_run_step ON chat_debug_steps (run_id, step_number);

-- Nobody else sets the revision of a message.
CREATE FUNCTION note_message_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' AND NEW.revision IS NOT NULL THEN
    RAISE EXCEPTION 'the revision of a message is set by its trigger';
  END IF;
  SELECT snapshot_version INTO NEW.revision FROM chats WHERE id = NEW.chat_id;
  RETURN NEW;
END $$;
CREATE TRIGGER note_message_revision BEFORE INSERT OR UPDATE ON chat_messages
  FOR EACH ROW EXECUTE FUNCTION note_message_revision();
