-- Tables of the recorder, in a schema of their own, so that they meet no table of anybody else.
-- They hold no content of messages, tools or errors' words. docs/incidents.md tells the rest.
CREATE SCHEMA IF NOT EXISTS chat_debug_recorder;

-- The one row that says which recorder writes. Each write names its term, and a takeover counts the term up.
CREATE TABLE chat_debug_recorder.recorder_lease (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    term bigint NOT NULL DEFAULT 0,
    holder uuid,
    expires_at timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO chat_debug_recorder.recorder_lease DEFAULT VALUES;

CREATE TABLE chat_debug_recorder.incidents (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    chat_id uuid NOT NULL,
    owner_id uuid,
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_at timestamptz,
    close_reason text,
    code text NOT NULL,
    severity text NOT NULL,
    verdict text NOT NULL,
    summary text NOT NULL,
    codes text[] NOT NULL,
    worker_ids uuid[] NOT NULL,
    readings bigint NOT NULL DEFAULT 1,
    well_readings integer NOT NULL DEFAULT 0,
    CONSTRAINT incidents_closed_check CHECK ((closed_at IS NULL) = (close_reason IS NULL))
);

-- One open incident a chat, whatever its cause.
CREATE UNIQUE INDEX incidents_open_idx ON chat_debug_recorder.incidents (chat_id) WHERE closed_at IS NULL;
-- Lists, newest first: all, of one chat, of one person.
CREATE INDEX incidents_opened_at_idx ON chat_debug_recorder.incidents (opened_at DESC, id DESC);
CREATE INDEX incidents_chat_id_idx ON chat_debug_recorder.incidents (chat_id, opened_at DESC, id DESC);
CREATE INDEX incidents_owner_id_idx ON chat_debug_recorder.incidents (owner_id, opened_at DESC, id DESC);
-- Incidents that are old enough to be deleted, or young enough to go on.
CREATE INDEX incidents_closed_at_idx ON chat_debug_recorder.incidents (closed_at) WHERE closed_at IS NOT NULL;

-- Bundles, of which an incident has the newest of each reason. The text is kept as it was written.
CREATE TABLE chat_debug_recorder.incident_bundles (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    incident_id uuid NOT NULL REFERENCES chat_debug_recorder.incidents (id) ON DELETE CASCADE,
    taken_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    why text NOT NULL,
    bytes integer NOT NULL CHECK (bytes BETWEEN 0 AND 262144),
    bundle json NOT NULL,
    CONSTRAINT incident_bundles_why_key UNIQUE (incident_id, why)
);
