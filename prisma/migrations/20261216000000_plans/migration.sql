-- Plans: one action on many chats, frozen as they looked, for review, and then worked off by the operator. They are no record:
-- each item that is worked off has its own among the actions.
CREATE TABLE "chat_debug_plans" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "at" TIMESTAMPTZ(6) NOT NULL DEFAULT clock_timestamp(),
    "actor" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "findings" TEXT[] NOT NULL DEFAULT '{}',
    -- With whose rights it runs, and how that was asked for: of the request that started it.
    "roles" TEXT[] NOT NULL DEFAULT '{}',
    "token_id" TEXT,
    "via" TEXT NOT NULL,
    "request_id" UUID,
    "trace_id" TEXT,
    "per_second" DOUBLE PRECISION,
    "started_at" TIMESTAMPTZ(6),
    -- Time of the next item: all operators together keep to the rate.
    "next_at" TIMESTAMPTZ(6),
    "ended_at" TIMESTAMPTZ(6),
    "stopped_by" TEXT,

    CONSTRAINT "chat_debug_plans_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "chat_debug_plans_at_id_idx" ON "chat_debug_plans"("at" DESC, "id" DESC);
-- Those that run are few.
CREATE INDEX "chat_debug_plans_running_idx" ON "chat_debug_plans"("next_at") WHERE "started_at" IS NOT NULL AND "ended_at" IS NULL;

CREATE TABLE "chat_debug_plan_items" (
    "plan_id" UUID NOT NULL,
    -- From 1, in the order in which the chats were named.
    "position" INTEGER NOT NULL,
    "chat_id" UUID NOT NULL,
    -- The chat as it looked. A null version: there was none to read.
    "version" BIGINT,
    "worker_id" UUID,
    "runner_id" UUID,
    "state" TEXT,
    "leads_to" TEXT,
    -- Key of its action, which is taken once.
    "key" UUID NOT NULL DEFAULT gen_random_uuid(),
    -- Time of its last try.
    "tried_at" TIMESTAMPTZ(6),
    "outcome" TEXT,
    "why" TEXT,
    "action_id" UUID,

    CONSTRAINT "chat_debug_plan_items_pkey" PRIMARY KEY ("plan_id", "position")
);
ALTER TABLE "chat_debug_plan_items" ADD CONSTRAINT "chat_debug_plan_items_plan_id_fkey"
    FOREIGN KEY ("plan_id") REFERENCES "chat_debug_plans"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Plan that a record is of. Null: it was asked for by itself.
ALTER TABLE "chat_debug_actions" ADD COLUMN "plan_id" UUID;
