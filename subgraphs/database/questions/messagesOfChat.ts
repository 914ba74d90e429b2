/** How the newest messages of a chat are found. */
import { Prisma } from '../../../prisma/generated/client.ts';
import type { Platform } from '../platform.ts';

export interface Newest {
  /** Of `m`, its chat and id among them. */
  readonly columns: Prisma.Sql;
  readonly condition?: Prisma.Sql;
  readonly limit: number;
}

/**
 * The newest messages of `chat` that are not deleted, each `m`: along the index that the platform has for it. The role is part
 * of the order there for the reason that the chat is. Roles that are held by something else are not named.
 */
export const newestMessages = (platform: Platform, { columns, condition, limit }: Newest): Prisma.Sql => {
  const more = condition ? Prisma.sql`AND ${condition}` : Prisma.empty;
  return areWalkedByRole(platform)
    ? Prisma.sql`
        SELECT m.* FROM unnest(enum_range(NULL::chat_message_role)) AS walked (role)
        CROSS JOIN LATERAL (
          SELECT ${columns} FROM chat_messages AS m
          WHERE ${OF_CHAT} AND m.role >= walked.role AND m.role <= walked.role ${more}
          ORDER BY m.chat_id, m.role, m.id DESC LIMIT ${limit}
        ) AS m ${NEWEST_FIRST} LIMIT ${limit}`
    : Prisma.sql`SELECT ${columns} FROM chat_messages AS m WHERE ${OF_CHAT} ${more} ${NEWEST_FIRST} LIMIT ${limit}`;
};

/** The same for a look that puts them into their order, and ends by itself: no less than `limit` of them, and maybe all. */
export const messagesBackwards = (platform: Platform, newest: Newest): Prisma.Sql =>
  areWalkedByRole(platform)
    ? newestMessages(platform, newest)
    : Prisma.sql`SELECT ${newest.columns} FROM chat_messages AS m WHERE ${OF_CHAT} AND ${newest.condition ?? Prisma.sql`true`}`;

const areWalkedByRole = ({ name, tables }: Platform): boolean => name === 'coder' && tables.walked.roles;

/**
 * Messages `m` of `chat` that are not deleted, to be followed by NEWEST_FIRST. The chat is part of the order, so that only an
 * index of each chat's messages has it. Where nearly all messages belong to one chat, a planner would else walk through all
 * messages, the newest first, and find none of a chat that has none.
 */
const OF_CHAT = Prisma.sql`m.chat_id >= chat.id AND m.chat_id <= chat.id AND NOT m.deleted`;
export const NEWEST_FIRST = Prisma.sql`ORDER BY m.chat_id DESC, m.id DESC`;

/**
 * Those of them that belong to the conversation. A summary of what was compacted or cleared stands
 * in the history as messages of all roles, and so does what is said to the model alone.
 */
export const shown = ({ marksHidden }: Platform): Prisma.Sql =>
  marksHidden ? Prisma.sql`NOT m.compressed AND m.visibility::text <> 'model'` : Prisma.sql`true`;
