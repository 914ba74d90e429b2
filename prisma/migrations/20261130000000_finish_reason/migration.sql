-- Why the model ended the step that an assistant's message holds: stop, length, content-filter, tool-calls, error or other.
-- Null where nobody knows: other roles, a step that was cut short, rows of a worker that does not write it.
ALTER TABLE "chat_messages" ADD COLUMN "finish_reason" TEXT;
