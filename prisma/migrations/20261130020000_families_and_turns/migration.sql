-- The newest messages that are not deleted, whatever was deleted after them. Every reader of a history leaves deleted
-- messages out, so this index replaces the one of all messages, and a message costs as many index entries as before.
CREATE INDEX "chat_messages_kept_idx" ON "chat_messages"("chat_id", "id") WHERE NOT "deleted";
DROP INDEX "chat_messages_chat_id_id_idx";

-- The children of a chat, and the members of a family, in the order of the list. Most chats have no parent.
CREATE INDEX "chats_children_idx" ON "chats"("parent_chat_id", "updated_at" DESC, "id" DESC) WHERE "parent_chat_id" IS NOT NULL;
CREATE INDEX "chats_family_idx" ON "chats"("root_chat_id", "updated_at" DESC, "id" DESC) WHERE "root_chat_id" IS NOT NULL;
DROP INDEX "chats_root_chat_id_idx";
