-- Why the model ended the step that an assistant's message holds: stop, length, content-filter, tool-calls, error,
-- other, or interrupted. Null where nobody knows: other roles, rows of a worker that does not write it.
ALTER TABLE "chat_messages" ADD COLUMN "finish_reason" TEXT;
