/** The way to the newest messages of a chat. */
import { Prisma } from '../../../prisma/generated/client.ts';
import type { Platform } from '../platform.ts';

interface Newest {
  /** Columns of `m`, its chat and id among them. */
  readonly columns: Prisma.Sql;
  readonly condition?: Prisma.Sql;
  readonly limit: number;
}

/**
 * Newest messages `m` of `chat` that are not deleted, along the index that the platform has for them.
 * Where that index has the role, the order has it, too, as it has the chat. Roles held by something else are not named.
 */
export const newestMessages = (platform: Platform, { columns, condition, limit }: Newest): Prisma.Sql => {
  const more = condition ? Prisma.sql`AND ${condition}` : Prisma.empty;
  return areWalkedByRole(platform)
    ? Prisma.sql`
        SELECT m.* FROM unnest(enum_range(NULL::chat_message_role)) AS walked (role)
        CROSS JOIN LATERAL (
          SELECT ${columns} FROM chat_messages AS m
          WHERE ${ofChat(platform)} AND m.role >= walked.role AND m.role <= walked.role ${more}
          ORDER BY m.chat_id, m.role, m.id DESC LIMIT ${limit}
        ) AS m ${NEWEST_FIRST} LIMIT ${limit}`
    : Prisma.sql`SELECT ${columns} FROM chat_messages AS m WHERE ${ofChat(platform)} ${more} ${NEWEST_FIRST} LIMIT ${limit}`;
};

/** The same for a look that puts them into their order, and ends by itself: no less than `limit` of them, and maybe all. */
export const messagesBackwards = (platform: Platform, newest: Newest): Prisma.Sql =>
  areWalkedByRole(platform)
    ? newestMessages(platform, newest)
    : Prisma.sql`SELECT ${newest.columns} FROM chat_messages AS m WHERE ${ofChat(platform)} AND ${newest.condition ?? Prisma.sql`true`}`;

const areWalkedByRole = ({ name, tables }: Platform): boolean => name === 'coder' && tables.walked.roles;

/**
 * Condition for messages `m` of `chat` that are not deleted, to be followed by NEWEST_FIRST.
 * It puts the chat into the order, which only an index of each chat's messages has.
 * Otherwise, where one chat has nearly all messages, a planner walks all of them for a chat without any.
 * A view may not know whether a message is deleted; it is not, then.
 */
const ofChat = ({ name }: Platform): Prisma.Sql =>
  name === 'views'
    ? Prisma.sql`m.chat_id >= chat.id AND m.chat_id <= chat.id AND m.deleted IS NOT TRUE`
    : Prisma.sql`m.chat_id >= chat.id AND m.chat_id <= chat.id AND NOT m.deleted`;
export const NEWEST_FIRST = Prisma.sql`ORDER BY m.chat_id DESC, m.id DESC`;

/**
 * Condition for messages of the conversation. Summaries of compacted or cleared parts, and notes to the model, stand in
 * the history in all roles.
 */
export const isShown = ({ marksHidden }: Platform): Prisma.Sql =>
  marksHidden ? Prisma.sql`NOT m.compressed AND m.visibility::text <> 'model'` : Prisma.sql`true`;
