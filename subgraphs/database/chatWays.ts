/**
 * Walks through places on another platform, whose only index of chats is that of its workers.
 * That index holds chats that are not archived, by status, roots and children apart, each in the order of the list.
 * Archived chats are in no index there, so all rows are searched for them.
 */
import { Prisma } from '../../prisma/generated/client.ts';
import type { ChatFilter } from './chatConditions.ts';
import { AHEAD, allowedParts, type Part } from './chatParts.ts';
import { placesOf, type SearchPlace } from './chatPlaces.ts';
import type { IndexText } from './indexText.ts';
import type { SuspectLimits } from './suspectLimits.ts';
import { CHAT_INDEXES, type FoundIndexes, hasIndex } from './wantedIndexes.ts';

export interface WalkedPlace extends SearchPlace {
  /** Statuses that are walked one by one, without archived chats; undefined: the place is walked as a whole. */
  readonly statuses: Prisma.Sql | undefined;
}

/** Places of a filter, each with its way of walking. They do not overlap. */
export function walkedPlaces(
  filter: ChatFilter,
  limits: SuspectLimits,
  indexes: FoundIndexes | undefined,
): WalkedPlace[] {
  const places = placesOf(filter, limits);
  if (!walksByStatus(filter, limits, indexes)) return places.map((place) => ({ ...place, statuses: undefined }));
  const allowed = allowedParts(filter);
  return places.flatMap((place) => byStatus(place, allowed));
}

/** Indexes that find the chats of a filter soonest; empty: any index of the table that is missing. */
export function indexesAlong(filter: ChatFilter, readableOf: string | undefined): IndexText[] {
  const { workerId, owned, ownerId, parentChatId, rootChatId } = filter;
  if (parentChatId != null) return [CHAT_INDEXES.children];
  if (rootChatId != null) return [CHAT_INDEXES.family];
  if (workerId != null || owned) return [CHAT_INDEXES.owned];
  return ownerId != null || readableOf !== undefined ? [CHAT_INDEXES.owner] : [];
}

/** True if the place is walked by status. Other conditions find few chats by an index of their own, or by all rows. */
function walksByStatus(
  { ownerId, workerId, parentChatId, rootChatId }: ChatFilter,
  { readableOf, platform }: SuspectLimits,
  indexes: FoundIndexes | undefined,
): boolean {
  if (
    !indexes ||
    !platform.tables.walked.statuses ||
    [ownerId, workerId, parentChatId, rootChatId, readableOf].some((id) => id != null)
  )
    return false;
  return hasIndex(indexes, 'chats', CHAT_INDEXES.byStatus) && !hasIndex(indexes, 'chats', CHAT_INDEXES.newest);
}

/**
 * Splits a place by status.
 * @param allowed parts in which chats of the list can be
 */
function byStatus(place: SearchPlace, allowed: ReadonlySet<Part>): WalkedPlace[] {
  const { part } = place;
  switch (part) {
    case 'all':
      return [
        walked(place, statusesOf([...allowed])),
        ...(ARCHIVED.some((other) => allowed.has(other)) ? [archivedOf(place)] : []),
      ];
    case 'odd':
      return [walked(place, statusesOf(['odd'])), archivedOf(place)];
    case 'runnable':
    case 'errored':
    case 'waiting unanswered':
    case 'waiting undated':
    case 'errored for good':
      return [walked(place, statusesOf([part]))];
    case 'ahead':
      return [walked(place, statusesOf(AHEAD.filter((one) => allowed.has(one))))];
    default:
      return [{ ...place, statuses: undefined }];
  }
}

const walked = (place: SearchPlace, statuses: Prisma.Sql): WalkedPlace => ({ ...place, statuses });
const archivedOf = (place: SearchPlace): WalkedPlace => ({
  ...place,
  condition: Prisma.sql`${place.condition} AND c.archived`,
  statuses: undefined,
});

const ARCHIVED: readonly Part[] = [
  ...(['odd', 'archived waiting', 'archived errored', 'archived waiting queued', 'archived errored queued'] as const),
];
const RUNNABLE_STATUSES = ['running', 'interrupting', 'requires_action'];

/** Statuses of chats in these parts that are not archived. */
function statusesOf(parts: readonly Part[]): Prisma.Sql {
  const known = [
    ...(parts.some((part) => part.startsWith('waiting')) ? ['waiting'] : []),
    ...(parts.some((part) => part.startsWith('errored')) ? ['error'] : []),
    ...(parts.includes('runnable') ? RUNNABLE_STATUSES : []),
  ];
  const others = parts.includes('odd') ? OTHERS : Prisma.sql`'{}'::chat_status[]`;
  return Prisma.sql`(${known}::text[]::chat_status[] || ${others})`;
}

/** Statuses that this version does not know. */
const OTHERS = Prisma.sql`
  ARRAY(SELECT s FROM unnest(enum_range(NULL::chat_status)) AS s
        WHERE s::text <> ALL (${['waiting', 'error', ...RUNNABLE_STATUSES]}::text[]))`;
