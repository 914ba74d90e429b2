/** Fields of a chat whose column is missing or may not be read. Each is null, with an error that says so. */
import type { ChatFilter } from './chatConditions.ts';
import type { DatabaseContext } from './context.ts';
import type { ChatRow } from './questions/chatColumns.ts';
import { assertReadable, type Tables, unsupported } from './tables/sources.ts';

/** Columns of `chats` that a chat can do without, by field. */
const COLUMN_OF = {
  parentChatId: 'parent_chat_id',
  rootChatId: 'root_chat_id',
  queueVersion: 'queue_version',
  lastError: 'last_error',
  requiresActionDeadlineAt: 'requires_action_deadline_at',
  requiresActionSecondsLeft: 'requires_action_deadline_at',
  createdAt: 'created_at',
} as const satisfies Partial<Record<keyof ChatRow, string>>;
type LackingField = keyof typeof COLUMN_OF;
const FIELDS = Object.keys(COLUMN_OF) as LackingField[];

const lackOf = ({ lacks }: Tables, field: LackingField) =>
  lacks.find(({ table, column }) => table === 'chats' && column === COLUMN_OF[field]);

/** Names of fields without a readable column. */
export const lackingFields = (tables: Tables): LackingField[] => FIELDS.filter((field) => lackOf(tables, field));

/** @throws GraphQLError `SCHEMA_UNSUPPORTED` if the field's column cannot be read */
function assertThere(tables: Tables, field: LackingField): void {
  const lack = lackOf(tables, field);
  if (lack) throw unsupported([lack]);
}

/**
 * Checks that the filter's columns can be read: otherwise nobody knows which chats it means.
 * @throws GraphQLError `SCHEMA_UNSUPPORTED` if one cannot
 */
export function assertFilterable({ parentChatId, rootChatId, heartbeat }: ChatFilter, tables: Tables): void {
  if (parentChatId != null) assertThere(tables, 'parentChatId');
  if (rootChatId != null) assertThere(tables, 'rootChatId');
  if (heartbeat != null) assertReadable(tables, 'chat_heartbeats');
}

type Resolver = (chat: ChatRow, args: unknown, context: DatabaseContext) => unknown;

/** Wraps resolvers so that each first checks its column. */
export const orLacking = (resolvers: Readonly<Record<string, Resolver>>): Record<string, Resolver> => ({
  ...resolvers,
  ...Object.fromEntries(
    FIELDS.map((field): [string, Resolver] => [
      field,
      async (chat, args, context) => {
        assertThere((await context.reading.moment()).platform.tables, field);
        return resolvers[field] ? resolvers[field](chat, args, context) : chat[field];
      },
    ]),
  ),
});
