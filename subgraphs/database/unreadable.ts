/**
 * Fields of a chat that a stored value keeps from being read. Each costs only itself: null, and an error of its own.
 */
import type { GraphQLError } from 'graphql';
import { providerWords } from '../../domain/providerWords.ts';
import type { Prisma } from '../../prisma/generated/client.ts';
import { clientError } from '../../server/graphql/errors.ts';
import type { DatabaseContext } from './context.ts';
import { lackingFields } from './lackingFields.ts';
import {
  type ChatRow,
  JSON_MEMBERS,
  UNREADABLE_FIELDS,
  type UnreadableField,
  unreadableOf,
} from './questions/chatColumns.ts';
import type { Members } from './saidSql.ts';

/** @param field name in the schema */
export const unreadable = (field: string): GraphQLError =>
  clientError(
    'VALUE_UNREADABLE',
    `The value stored for \`${field}\` cannot be said here, so the field is null. Correct it in the database.`,
  );

/** @throws GraphQLError `VALUE_UNREADABLE` if the row has an unsayable value there */
function read<F extends UnreadableField>(chat: ChatRow, field: F): ChatRow[F] {
  if (chat[field] === null && unreadableOf(chat).includes(field)) throw unreadable(field);
  return chat[field];
}

/** Known members of foreign JSON, with texts cut and masked. */
function fitToBeSaid(json: Prisma.JsonValue, { texts, others }: Members): Prisma.JsonValue {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return plainly(json);
  const known = [...texts, ...others].filter((name) => Object.hasOwn(json, name));
  return Object.fromEntries(known.map((name) => [name, plainly(json[name] ?? null)]));
}

/** Largest number that is told, as in `suspect`. JSON knows no limit; the arithmetic of others ends soon after. */
const LARGEST_NUMBER = 1e300;

/** Single value of foreign JSON. A number beyond all reason is null, and so is what holds more than one value. */
function plainly(value: Prisma.JsonValue): Prisma.JsonValue {
  if (typeof value === 'string') return providerWords(value);
  return typeof value === 'boolean' || (typeof value === 'number' && Math.abs(value) <= LARGEST_NUMBER) ? value : null;
}

/** Resolvers of the fields that can fail so. */
export const readableFields = {
  ...Object.fromEntries(UNREADABLE_FIELDS.map((field) => [field, async (chat: ChatRow) => read(chat, field)])),
  lastError: async (chat: ChatRow) => fitToBeSaid(read(chat, 'lastError'), JSON_MEMBERS.lastError),
  retryState: async (chat: ChatRow) => fitToBeSaid(read(chat, 'retryState'), JSON_MEMBERS.retryState),
};

/**
 * Names of the fields that a stored value or a missing column keeps from being read, the named runner's lease included.
 */
export async function unreadableFields(chat: ChatRow, { loaders, reading }: DatabaseContext): Promise<string[]> {
  const { tables } = (await reading.moment()).platform;
  const fields = [...new Set<string>([...unreadableOf(chat), ...lackingFields(tables)])];
  if (chat.runnerId === null) return fields;
  const leases = await loaders.heartbeats.load(chat.chatId).catch(() => undefined);
  const isOdd =
    !leases || leases.some(({ runnerId, heartbeatAt }) => runnerId === chat.runnerId && heartbeatAt === null);
  return isOdd ? [...fields, 'heartbeat'] : fields;
}
