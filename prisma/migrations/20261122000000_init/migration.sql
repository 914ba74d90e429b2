-- The five tables of the chat daemon, as far as this project reads or writes them. What Prisma's schema language cannot
-- say stands here by hand: chat_heartbeats is UNLOGGED, the partial index, and the triggers that keep the versions.

-- CreateEnum
CREATE TYPE "chat_status" AS ENUM ('waiting', 'pending', 'running', 'paused', 'completed', 'error', 'requires_action', 'interrupting');

-- CreateEnum
CREATE TYPE "chat_message_role" AS ENUM ('system', 'user', 'assistant', 'tool');

-- CreateTable
CREATE TABLE "chats" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "owner_id" UUID NOT NULL,
    "title" TEXT NOT NULL DEFAULT '',
    "status" "chat_status" NOT NULL DEFAULT 'waiting',
    "archived" BOOLEAN NOT NULL DEFAULT false,
    "worker_id" UUID,
    "runner_id" UUID,
    "parent_chat_id" UUID,
    "root_chat_id" UUID,
    "snapshot_version" BIGINT NOT NULL DEFAULT 1,
    "history_version" BIGINT NOT NULL DEFAULT 0,
    "queue_version" BIGINT NOT NULL DEFAULT 0,
    "generation_attempt" BIGINT NOT NULL DEFAULT 0,
    "retry_state" JSONB,
    "retry_state_version" BIGINT NOT NULL DEFAULT 0,
    "last_error" JSONB,
    "requires_action_deadline_at" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "chats_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "chat_messages" (
    "id" BIGSERIAL NOT NULL,
    "chat_id" UUID NOT NULL,
    "role" "chat_message_role" NOT NULL,
    "content" JSONB,
    "deleted" BOOLEAN NOT NULL DEFAULT false,
    "revision" BIGINT NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "chat_messages_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "chat_queued_messages" (
    "id" BIGSERIAL NOT NULL,
    "chat_id" UUID NOT NULL,
    "content" JSONB NOT NULL,
    "position" BIGINT NOT NULL,
    "created_by" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "chat_queued_messages_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE UNLOGGED TABLE "chat_heartbeats" (
    "chat_id" UUID NOT NULL,
    "runner_id" UUID NOT NULL,
    "heartbeat_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "chat_heartbeats_pkey" PRIMARY KEY ("chat_id","runner_id")
);

-- CreateTable
CREATE TABLE "replicas" (
    "id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "stopped_at" TIMESTAMPTZ(6),
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "hostname" TEXT NOT NULL,
    "region_id" INTEGER NOT NULL DEFAULT 0,
    "relay_address" TEXT NOT NULL,
    "database_latency" INTEGER NOT NULL DEFAULT 0,
    "version" TEXT NOT NULL,
    "error" TEXT NOT NULL DEFAULT '',
    "primary" BOOLEAN NOT NULL DEFAULT true,

    CONSTRAINT "replicas_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "chats_updated_at_id_idx" ON "chats"("updated_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "chats_owner_id_updated_at_id_idx" ON "chats"("owner_id", "updated_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "chats_worker_id_idx" ON "chats"("worker_id");

-- CreateIndex
CREATE INDEX "chats_root_chat_id_idx" ON "chats"("root_chat_id");

-- CreateIndex
CREATE INDEX "chat_messages_chat_id_role_deleted_idx" ON "chat_messages"("chat_id", "role", "deleted");

-- CreateIndex
CREATE INDEX "chat_messages_chat_id_id_idx" ON "chat_messages"("chat_id", "id");

-- CreateIndex
CREATE INDEX "chat_queued_messages_chat_id_position_idx" ON "chat_queued_messages"("chat_id", "position");

-- CreateIndex
CREATE INDEX "chat_heartbeats_heartbeat_at_idx" ON "chat_heartbeats"("heartbeat_at");

-- AddForeignKey
ALTER TABLE "chat_messages" ADD CONSTRAINT "chat_messages_chat_id_fkey" FOREIGN KEY ("chat_id") REFERENCES "chats"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "chat_queued_messages" ADD CONSTRAINT "chat_queued_messages_chat_id_fkey" FOREIGN KEY ("chat_id") REFERENCES "chats"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "chat_heartbeats" ADD CONSTRAINT "chat_heartbeats_chat_id_fkey" FOREIGN KEY ("chat_id") REFERENCES "chats"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What a worker's acquisition and the list of suspect chats look at: a handful of rows, whatever the size of the table.
CREATE INDEX "chats_runnable_idx" ON "chats"("updated_at", "id")
    WHERE "status" IN ('running', 'interrupting', 'requires_action') AND NOT "archived";

-- Versions. The transaction that changes a chat adds 1 to chats.snapshot_version first; the triggers copy that number to
-- whatever the transaction then changes, so that no caller can forget to.
CREATE FUNCTION "chat_message_changed"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT snapshot_version INTO STRICT NEW.revision FROM chats WHERE id = NEW.chat_id;
    UPDATE chats SET history_version = NEW.revision, generation_attempt = 0
        WHERE id = NEW.chat_id AND (history_version, generation_attempt) IS DISTINCT FROM (NEW.revision, 0);
    RETURN NEW;
END $$;
CREATE TRIGGER "chat_message_changed" BEFORE INSERT OR UPDATE ON "chat_messages"
    FOR EACH ROW EXECUTE FUNCTION "chat_message_changed"();

CREATE FUNCTION "chat_queue_changed"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE chats SET queue_version = snapshot_version
        WHERE id = COALESCE(NEW.chat_id, OLD.chat_id) AND queue_version <> snapshot_version;
    RETURN NULL;
END $$;
CREATE TRIGGER "chat_queue_changed" AFTER INSERT OR UPDATE OR DELETE ON "chat_queued_messages"
    FOR EACH ROW EXECUTE FUNCTION "chat_queue_changed"();

-- A new attempt, or a reset of the count, makes what was said about the retry before it untrue.
CREATE FUNCTION "chat_retry_state_changed"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.generation_attempt <> OLD.generation_attempt THEN
        NEW.retry_state := NULL;
    END IF;
    IF NEW.retry_state IS DISTINCT FROM OLD.retry_state THEN
        NEW.retry_state_version := NEW.snapshot_version;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER "chat_retry_state_changed" BEFORE UPDATE ON "chats"
    FOR EACH ROW EXECUTE FUNCTION "chat_retry_state_changed"();
