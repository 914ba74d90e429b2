/** How the newest messages of a chat are found. */
import { Prisma } from '../../../prisma/generated/client.ts';
import type { Platform } from '../platform.ts';

/**
 * Messages `m` of `chat` that are not deleted, to be followed by NEWEST_FIRST. The chat is part of the order, so that only an
 * index of each chat's messages has it. Where nearly all messages belong to one chat, a planner would else walk through all
 * messages, the newest first, and find none of a chat that has none.
 */
export const OF_CHAT = Prisma.sql`m.chat_id >= chat.id AND m.chat_id <= chat.id AND NOT m.deleted`;
export const NEWEST_FIRST = Prisma.sql`ORDER BY m.chat_id DESC, m.id DESC`;

/**
 * Those of them that belong to the conversation, to be added to OF_CHAT. A summary of what was compacted or cleared stands
 * in the history as messages of all roles, and so does what is said to the model alone.
 */
export const shown = ({ marksHidden }: Platform): Prisma.Sql =>
  marksHidden ? Prisma.sql`AND NOT m.compressed AND m.visibility::text <> 'model'` : Prisma.empty;
