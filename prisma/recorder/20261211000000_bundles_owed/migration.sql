-- The bundle that an incident should have and does not: a later round takes it. One that is too large is owed no more.
ALTER TABLE chat_debug_recorder.incidents ADD COLUMN bundle_owed text;
UPDATE chat_debug_recorder.incidents SET bundle_owed = 'OPENED'
WHERE closed_at IS NULL
  AND NOT EXISTS (SELECT FROM chat_debug_recorder.incident_bundles WHERE incident_id = incidents.id);
