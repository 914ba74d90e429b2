-- Chats at rest whose last turn has no answer, so that a list of them costs what it shows: to look for the last message of
-- every chat of a day would not. `message`: a person's message stands last. `step`: the last step ended without text. Null:
-- the chat has an answer, is not at rest, or nobody can tell. Triggers keep it, so that a worker which does not know of it
-- goes on writing. It costs nothing while a turn runs, and one look into an index when a turn ends.
ALTER TABLE "chats" ADD COLUMN "unanswered" TEXT;

-- What a message says of the chat that it stands last in. As the database subgraph reads the field lastMessage.
CREATE FUNCTION "chat_message_unanswered"(message "chat_messages") RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN message.role::text = 'user' THEN 'message'
        WHEN message.finish_reason = 'interrupted' THEN NULL
        WHEN message.role::text = 'tool' THEN 'step'
        WHEN message.role::text = 'assistant' AND
            CASE jsonb_typeof(message.content)
                WHEN 'string' THEN NOT (message.content #>> '{}') ~ '\S'
                WHEN 'array' THEN
                    NOT jsonb_path_exists(message.content, '$[*] ? (@.type == "text" && @.text like_regex "\\S")', '{}', true)
                    AND NOT jsonb_path_exists(message.content, '$[*] ? (@.type() != "object" || !exists(@.type))', '{}', true)
            END THEN 'step'
    END
$$;

CREATE FUNCTION "chat_unanswered"(chat uuid) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    newest "chat_messages";
BEGIN
    SELECT * INTO newest FROM chat_messages WHERE chat_id = chat AND NOT deleted ORDER BY id DESC LIMIT 1;
    RETURN chat_message_unanswered(newest);
END $$;

-- A chat comes to rest, leaves it, or is touched while it rests.
CREATE FUNCTION "chat_rest_changed"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.unanswered := CASE WHEN NEW.status = 'waiting' THEN chat_unanswered(NEW.id) END;
    RETURN NEW;
END $$;
CREATE TRIGGER "chat_rest_changed" BEFORE UPDATE ON "chats" FOR EACH ROW
    WHEN (NEW.status = 'waiting' AND (OLD.status <> 'waiting' OR NEW.updated_at <> OLD.updated_at)
          OR NEW.status <> 'waiting' AND NEW.unanswered IS NOT NULL)
    EXECUTE FUNCTION "chat_rest_changed"();

-- A message that comes to a chat at rest. While a turn runs the look costs no more than it did before.
CREATE OR REPLACE FUNCTION "chat_message_changed"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    at_rest boolean;
BEGIN
    SELECT snapshot_version, status = 'waiting' INTO STRICT NEW.revision, at_rest FROM chats WHERE id = NEW.chat_id;
    UPDATE chats SET history_version = NEW.revision, generation_attempt = 0
        WHERE id = NEW.chat_id AND (history_version, generation_attempt) IS DISTINCT FROM (NEW.revision, 0);
    IF at_rest AND TG_OP = 'INSERT' AND NOT NEW.deleted
        AND NOT EXISTS (SELECT FROM chat_messages WHERE chat_id = NEW.chat_id AND NOT deleted AND id > NEW.id) THEN
        UPDATE chats SET unanswered = chat_message_unanswered(NEW)
            WHERE id = NEW.chat_id AND unanswered IS DISTINCT FROM chat_message_unanswered(NEW);
    END IF;
    RETURN NEW;
END $$;

-- Messages that change or go, as those do that an edit marks deleted.
CREATE FUNCTION "chat_messages_changed"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE chats SET unanswered = chat_unanswered(id)
        WHERE id IN (SELECT chat_id FROM changed) AND status = 'waiting' AND unanswered IS DISTINCT FROM chat_unanswered(id);
    RETURN NULL;
END $$;
CREATE TRIGGER "chat_messages_changed" AFTER UPDATE ON "chat_messages" REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION "chat_messages_changed"();
CREATE TRIGGER "chat_messages_removed" AFTER DELETE ON "chat_messages" REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION "chat_messages_changed"();

-- Older ones are old news to the lists.
UPDATE "chats" SET "unanswered" = "chat_unanswered"("id")
    WHERE "status" = 'waiting' AND "updated_at" > now() - interval '1 day' AND "chat_unanswered"("id") IS NOT NULL;

CREATE INDEX "chats_unanswered_idx" ON "chats"("updated_at", "id")
    WHERE "unanswered" IS NOT NULL AND "status" = 'waiting' AND NOT "archived";

-- Chats that failed in a way that trying again does not help.
CREATE INDEX "chats_failed_idx" ON "chats"("updated_at", "id")
    WHERE "status" = 'error' AND NOT "archived" AND ("last_error" -> 'retryable') = 'false'::jsonb;
