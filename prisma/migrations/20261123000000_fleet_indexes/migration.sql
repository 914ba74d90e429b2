-- What the lists of a fleet look at. Prisma's schema language knows no partial index and leaves those that it finds alone,
-- so they stand here by hand. Each holds few rows, and no column is indexed that was not before: an update that changed no
-- index changes none now.

-- A chat is at rest (waiting or error), runnable (chats_runnable_idx), or neither: no state allows that, whatever statuses
-- are still to come.
CREATE INDEX "chats_odd_idx" ON "chats"("updated_at", "id")
    WHERE "status" NOT IN ('waiting', 'error') AND ("archived" OR "status" NOT IN ('running', 'interrupting', 'requires_action'));

-- Chats at rest are nearly all waiting, and the index of all chats finds those. These are the others.
CREATE INDEX "chats_errored_idx" ON "chats"("archived", "updated_at", "id") WHERE "status" = 'error';
CREATE INDEX "chats_archived_idx" ON "chats"("updated_at", "id") WHERE "status" = 'waiting' AND "archived";

-- The chats of each owner in the order of the list, without those that nobody owns, which are most; and the owned ones that
-- nobody should own, which chats_runnable_idx does not hold.
DROP INDEX "chats_worker_id_idx";
CREATE INDEX "chats_owned_idx" ON "chats"("worker_id", "updated_at", "id") WHERE "worker_id" IS NOT NULL;
CREATE INDEX "chats_owned_not_runnable_idx" ON "chats"("updated_at", "id")
    WHERE "worker_id" IS NOT NULL AND ("archived" OR "status" NOT IN ('running', 'interrupting', 'requires_action'));

-- The latest replicas, and those that have not stopped. Neither holds what a replica renews every few seconds.
CREATE INDEX "replicas_started_at_id_idx" ON "replicas"("started_at" DESC, "id" DESC);
CREATE INDEX "replicas_running_idx" ON "replicas"("started_at", "id") WHERE "stopped_at" IS NULL;
