/**
 * The places where the chats of a filter can be found, so that a list costs what it shows.
 * A place only narrows the search. The conditions decide whether a chat belongs to the list.
 */
import { UNANSWERED_FOR_SECONDS } from '../../domain/diagnosis/limits.ts';
import { Prisma } from '../../prisma/generated/client.ts';
import type { ChatFilter } from './chatConditions.ts';
import {
  AHEAD,
  type Ahead,
  AT_REST,
  type AtRest,
  allowedParts,
  IN_TROUBLE,
  type InTrouble,
  KINDS,
  type Kind,
  type Part,
} from './chatParts.ts';
import { QUEUED, RUNNABLE } from './executionStateSql.ts';
import type { Platform } from './platform.ts';
import { BEYOND_SAYABLE, EARLIEST_SAYABLE, inSeconds, secondsAgo } from './questions/moments.ts';
import type { SuspectLimits } from './suspectLimits.ts';
import { type Among, RETRY_IS_NO_USE } from './suspectSql.ts';
import { isUnanswered, isUnansweredNoted } from './unansweredSql.ts';

/** Place in `chats AS c`. */
export interface SearchPlace {
  readonly condition: Prisma.Sql;
  /** True for a place that holds only chats with a queue, found from the queue. */
  readonly fromQueue: boolean;
  readonly among: Among;
  /** Part that the place is, if it is a single one. */
  readonly part: Part | 'ahead' | 'all' | 'owned' | 'queue';
}

/** Conditions, worded as in the partial indexes of the migrations. */
const CONDITION: Readonly<Record<Kind, Prisma.Sql>> = {
  waiting: Prisma.sql`c.status = 'waiting' AND NOT c.archived`,
  errored: Prisma.sql`c.status = 'error' AND NOT c.archived`,
  'archived waiting': Prisma.sql`c.status = 'waiting' AND c.archived`,
  'archived errored': Prisma.sql`c.status = 'error' AND c.archived`,
  runnable: RUNNABLE,
  odd: Prisma.sql`c.status NOT IN ('waiting', 'error')
    AND (c.archived OR c.status NOT IN ('running', 'interrupting', 'requires_action'))`,
};

/** Places of parts in trouble. They do not overlap, and hold no chat with a queue. */
function placesInTrouble(parts: readonly InTrouble[], limits: SuspectLimits): SearchPlace[] {
  const ahead = AHEAD.filter((part) => parts.includes(part));
  const others = parts.filter((part): part is Exclude<InTrouble, Ahead> => !AHEAD.some((one) => one === part));
  return [
    ...others.map((part) => placed(Prisma.sql`${troubled(part, limits)} AND NOT ${QUEUED}`, AMONG[part], part)),
    ...(ahead.length > 0
      ? [placed(Prisma.sql`${isAheadAtRest(ahead, limits)} AND NOT ${QUEUED}`, 'troubled', 'ahead')]
      : []),
  ];
}

function troubled(part: Exclude<InTrouble, Ahead>, { clockAheadSeconds, platform }: SuspectLimits): Prisma.Sql {
  const isNoted = isUnansweredNoted(platform) ? Prisma.sql`AND c.unanswered IS NOT NULL` : Prisma.empty;
  switch (part) {
    case 'waiting unanswered':
      return Prisma.sql`${CONDITION.waiting} ${isNoted}
        AND c.updated_at > ${secondsAgo(UNANSWERED_FOR_SECONDS + 1)} AND c.updated_at <= ${inSeconds(clockAheadSeconds)}`;
    case 'waiting undated':
      return Prisma.sql`${CONDITION.waiting} ${isNoted} AND ${isUndated(platform)}`;
    case 'errored for good':
      return Prisma.sql`${CONDITION.errored} AND ${RETRY_IS_NO_USE}`;
  }
}

const isUndated = ({ name }: Platform): Prisma.Sql =>
  name === 'views'
    ? Prisma.sql`(c.updated_at < ${EARLIEST_SAYABLE} OR c.updated_at IS NULL)`
    : Prisma.sql`c.updated_at < ${EARLIEST_SAYABLE}`;

/**
 * Condition of parts ahead of the clock, without chats that failed for good. One beyond all time is not ahead; it may
 * be unanswered.
 */
function isAheadAtRest(parts: readonly Ahead[], limits: SuspectLimits): Prisma.Sql {
  const isOfKind = parts.map((part) =>
    part === 'waiting ahead'
      ? Prisma.sql`WHEN 'waiting' THEN c.updated_at < ${BEYOND_SAYABLE} OR ${isUnanswered(limits)}`
      : Prisma.sql`WHEN 'error' THEN c.updated_at < ${BEYOND_SAYABLE} AND (${RETRY_IS_NO_USE}) IS NOT TRUE`,
  );
  return Prisma.sql`
    NOT c.archived AND c.updated_at > ${inSeconds(limits.clockAheadSeconds)}
    AND CASE c.status::text ${Prisma.join(isOfKind, ' ')} ELSE false END`;
}

const conditionOf = (kind: Kind, platform: Platform): Prisma.Sql =>
  kind === 'odd' ? orUnknown(CONDITION.odd, platform) : CONDITION[kind];

/** Condition that holds for a chat without a status, too. Only a view has such chats; indexes of tables know none. */
const orUnknown = (condition: Prisma.Sql, { name }: Platform): Prisma.Sql =>
  name === 'views' ? Prisma.sql`(c.status IS NULL OR ${condition})` : condition;

const ownedNotRunnable = (platform: Platform): Prisma.Sql => Prisma.sql`c.worker_id IS NOT NULL
  AND ${orUnknown(Prisma.sql`(c.archived OR c.status NOT IN ('running', 'interrupting', 'requires_action'))`, platform)}`;

const placed = (condition: Prisma.Sql, among: Among, part: SearchPlace['part']): SearchPlace => ({
  ...{ condition, among, part, fromQueue: part === 'queue' },
});

function amongKind(kind: Kind, { name }: Platform): Among {
  if (kind === 'odd') return name === 'coder' ? 'others' : 'troubled'; // there `paused` is no trouble
  return kind === 'runnable' ? 'runnable' : 'others';
}
const AMONG: Readonly<Record<Exclude<InTrouble, Ahead>, Among>> = {
  'waiting unanswered': 'unanswered',
  'waiting undated': 'unanswered',
  'errored for good': 'troubled',
};

/** Places of a filter. They do not overlap; none means that no chat can match. */
export function placesOf(filter: ChatFilter, limits: SuspectLimits): SearchPlace[] {
  const allowed = allowedParts(filter);
  if (filter.owned) return ownedPlaces(allowed, limits.platform);
  if (allowed.has('waiting')) return [placed(Prisma.sql`true`, 'all', 'all')];
  const kinds = KINDS.filter((kind) => allowed.has(kind));
  const inTrouble = IN_TROUBLE.filter(
    (part) => allowed.has(part) && !(part.startsWith('errored') && allowed.has('errored')),
  );
  const queued = AT_REST.filter((kind) => allowed.has(`${kind} queued`) && !allowed.has(kind));
  return [
    ...kinds.map((kind) => placed(conditionOf(kind, limits.platform), amongKind(kind, limits.platform), kind)),
    ...placesInTrouble(inTrouble, limits),
    ...(queued.length > 0 ? [fromQueue(queued)] : []),
  ];
}

function ownedPlaces(allowed: ReadonlySet<Part>, platform: Platform): SearchPlace[] {
  const runnable = allowed.has('runnable');
  const others = allowed.size > (runnable ? 1 : 0);
  return [
    ...(runnable ? [placed(RUNNABLE, 'runnable', 'runnable')] : []),
    ...(others ? [placed(ownedNotRunnable(platform), 'others', 'owned')] : []),
  ];
}

/** Place of chats at rest with a queue. They are trouble, unless the chat has failed and is archived. */
function fromQueue(kinds: readonly AtRest[]): SearchPlace {
  const conditions = kinds.map((kind) => Prisma.sql`(${CONDITION[kind]})`);
  const among = kinds.includes('archived errored') ? 'others' : 'troubled';
  return placed(Prisma.sql`(${Prisma.join(conditions, ' OR ')})`, among, 'queue');
}
