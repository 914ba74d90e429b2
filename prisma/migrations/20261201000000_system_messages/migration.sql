-- A message of the system says nothing of who has the word: nobody answers it, and it answers nobody. So the last message of a
-- chat is the newest of another role, and a person's message before one of the system still waits.
CREATE OR REPLACE FUNCTION "chat_unanswered"(chat uuid) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    newest "chat_messages";
BEGIN
    SELECT * INTO newest FROM chat_messages
        WHERE chat_id = chat AND NOT deleted AND role::text <> 'system' ORDER BY id DESC LIMIT 1;
    RETURN chat_message_unanswered(newest);
END $$;

CREATE OR REPLACE FUNCTION "chat_message_changed"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    at_rest boolean;
BEGIN
    SELECT snapshot_version, status = 'waiting' INTO STRICT NEW.revision, at_rest FROM chats WHERE id = NEW.chat_id;
    UPDATE chats SET history_version = NEW.revision, generation_attempt = 0
        WHERE id = NEW.chat_id AND (history_version, generation_attempt) IS DISTINCT FROM (NEW.revision, 0);
    IF at_rest AND TG_OP = 'INSERT' AND NOT NEW.deleted AND NEW.role::text <> 'system'
        AND NOT EXISTS (SELECT FROM chat_messages
                        WHERE chat_id = NEW.chat_id AND NOT deleted AND role::text <> 'system' AND id > NEW.id) THEN
        UPDATE chats SET unanswered = chat_message_unanswered(NEW)
            WHERE id = NEW.chat_id AND unanswered IS DISTINCT FROM chat_message_unanswered(NEW);
    END IF;
    RETURN NEW;
END $$;

-- Older ones are old news to the lists. The value was wrong only where a message of the system stood last, as null.
UPDATE "chats" SET "unanswered" = "chat_unanswered"("id")
    WHERE "status" = 'waiting' AND "updated_at" > now() - interval '1 day' AND "unanswered" IS NULL
        AND "chat_unanswered"("id") IS NOT NULL;
