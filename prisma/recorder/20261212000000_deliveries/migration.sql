-- What the webhook is still to be told, written with the incident's change. A row goes once it was taken, or given up.
-- Its id stays the same over all tries, whichever recorder makes them.
CREATE TABLE chat_debug_recorder.deliveries (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    incident_id uuid NOT NULL REFERENCES chat_debug_recorder.incidents (id) ON DELETE CASCADE,
    status text NOT NULL CHECK (status IN ('FIRING', 'RESOLVED')),
    incident json NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    tries integer NOT NULL DEFAULT 0,
    next_try_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Those of one incident, in their order.
CREATE UNIQUE INDEX deliveries_incident_idx ON chat_debug_recorder.deliveries (incident_id, number);
-- Those that are due.
CREATE INDEX deliveries_next_try_at_idx ON chat_debug_recorder.deliveries (next_try_at);
