/** What this service reads, by table. Columns that only some databases have are not among it. */
export const COLUMNS_READ: Readonly<Record<string, readonly string[]>> = {
  chats: [
    ...['id', 'owner_id', 'title', 'status', 'archived', 'worker_id', 'runner_id', 'parent_chat_id', 'root_chat_id'],
    ...['snapshot_version', 'history_version', 'queue_version', 'generation_attempt', 'retry_state'],
    ...['retry_state_version', 'last_error', 'requires_action_deadline_at', 'created_at', 'updated_at'],
  ],
  chat_messages: ['id', 'chat_id', 'role', 'content', 'deleted', 'created_at'],
  chat_queued_messages: ['chat_id', 'created_at'],
  chat_heartbeats: ['chat_id', 'runner_id', 'heartbeat_at'],
  replicas: [
    ...['id', 'hostname', 'relay_address', 'version', 'region_id', 'started_at', 'stopped_at', 'updated_at', 'error'],
  ],
};
