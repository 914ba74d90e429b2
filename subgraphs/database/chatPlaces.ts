/**
 * The parts of the table in which the chats of a filter can be, so that a list costs what it shows.
 * A place only narrows the search. The conditions decide whether a chat belongs to the list.
 *
 * Every chat is of one kind:
 *
 * - Nearly all are `waiting`. A filter that allows them walks the index of all chats, and is soon satisfied.
 * - Each other kind has a partial index of its own, in the order of the list.
 * - Chats at rest with a queue are few, and no index of chats can know them. They are found from the queue.
 * - Chats at rest that look like trouble by their rows have indexes, too.
 * - Nearly all chats with an owner are runnable. The others with an owner have an index.
 */

import { UNANSWERED_FOR_SECONDS } from '../../domain/diagnosis/limits.ts';
import type { ExecutionState } from '../../domain/executionState.ts';
import { Prisma } from '../../prisma/generated/client.ts';
import type { ChatFilter } from './chatConditions.ts';
import { QUEUED, RUNNABLE } from './executionStateSql.ts';
import type { Platform } from './platform.ts';
import { BEYOND_SAYABLE, EARLIEST_SAYABLE, inSeconds, secondsAgo } from './questions/moments.ts';
import type { SuspectLimits } from './suspectLimits.ts';
import { type Among, RETRY_IS_NO_USE } from './suspectSql.ts';
import { isUnanswered, isUnansweredNoted } from './unansweredSql.ts';

/** Kinds of chats that nobody works on. */
const AT_REST = ['waiting', 'errored', 'archived waiting', 'archived errored'] as const;
type AtRest = (typeof AT_REST)[number];
/** Chats at rest without a queue that look like trouble. */
const IN_TROUBLE = [
  'waiting unanswered',
  'waiting ahead',
  'waiting undated',
  'errored for good',
  'errored ahead',
] as const;
type InTrouble = (typeof IN_TROUBLE)[number];
type Kind = AtRest | 'runnable' | 'odd';
/** Part of the table. A kind at rest stands for its chats without a queue and without trouble. */
export type Part = Kind | InTrouble | `${AtRest} queued`;

const KINDS: readonly Kind[] = [...AT_REST, 'runnable', 'odd'];
const PARTS: readonly Part[] = [...KINDS, ...IN_TROUBLE, ...AT_REST.map((kind) => `${kind} queued` as const)];

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

export const AHEAD = ['waiting ahead', 'errored ahead'] as const;
type Ahead = (typeof AHEAD)[number];

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
      return Prisma.sql`${CONDITION.waiting} ${isNoted} AND c.updated_at < ${EARLIEST_SAYABLE}`;
    case 'errored for good':
      return Prisma.sql`${CONDITION.errored} AND ${RETRY_IS_NO_USE}`;
  }
}

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

const OWNED_NOT_RUNNABLE = Prisma.sql`c.worker_id IS NOT NULL
  AND (c.archived OR c.status NOT IN ('running', 'interrupting', 'requires_action'))`;

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

/** True if no chat can match. */
export const isNowhere = (filter: ChatFilter): boolean => allowedParts(filter).size === 0;

/** Places of a filter. They do not overlap; none means that no chat can match. */
export function placesOf(filter: ChatFilter, limits: SuspectLimits): SearchPlace[] {
  const allowed = allowedParts(filter);
  if (filter.owned) return ownedPlaces(allowed);
  if (allowed.has('waiting')) return [placed(Prisma.sql`true`, 'all', 'all')];
  const kinds = KINDS.filter((kind) => allowed.has(kind));
  const inTrouble = IN_TROUBLE.filter(
    (part) => allowed.has(part) && !(part.startsWith('errored') && allowed.has('errored')),
  );
  const queued = AT_REST.filter((kind) => allowed.has(`${kind} queued`) && !allowed.has(kind));
  return [
    ...kinds.map((kind) => placed(CONDITION[kind], amongKind(kind, limits.platform), kind)),
    ...placesInTrouble(inTrouble, limits),
    ...(queued.length > 0 ? [fromQueue(queued)] : []),
  ];
}

export function allowedParts(filter: ChatFilter): ReadonlySet<Part> {
  const narrowed = narrowings(filter);
  return new Set(PARTS.filter((part) => narrowed.every((parts) => parts.has(part))));
}

function ownedPlaces(allowed: ReadonlySet<Part>): SearchPlace[] {
  const runnable = allowed.has('runnable');
  const others = allowed.size > (runnable ? 1 : 0);
  return [
    ...(runnable ? [placed(RUNNABLE, 'runnable', 'runnable')] : []),
    ...(others ? [placed(OWNED_NOT_RUNNABLE, 'others', 'owned')] : []),
  ];
}

/** Place of chats at rest with a queue. They are trouble, unless the chat has failed and is archived. */
function fromQueue(kinds: readonly AtRest[]): SearchPlace {
  const conditions = kinds.map((kind) => Prisma.sql`(${CONDITION[kind]})`);
  const among = kinds.includes('archived errored') ? 'others' : 'troubled';
  return placed(Prisma.sql`(${Prisma.join(conditions, ' OR ')})`, among, 'queue');
}

/** Parts that each member of the filter leaves. */
function narrowings({ status, executionState, heartbeat, suspect }: ChatFilter): ReadonlySet<Part>[] {
  const left: ReadonlySet<Part>[] = [];
  if (status) left.push(new Set(status.flatMap((text) => PARTS_OF_STATUS.get(text) ?? ['odd'])));
  if (executionState) left.push(new Set(executionState.flatMap((state) => PARTS_OF_STATE[state])));
  if (heartbeat) left.push(new Set(['runnable']));
  if (suspect) left.push(SUSPECT_PARTS);
  return left;
}

const WAITING: readonly Part[] = ['waiting', 'waiting unanswered', 'waiting ahead', 'waiting undated'];
const ERRORED: readonly Part[] = ['errored', 'errored for good', 'errored ahead'];

const PARTS_OF_STATUS: ReadonlyMap<string, readonly Part[]> = new Map([
  ['waiting', [...WAITING, 'waiting queued', 'archived waiting', 'archived waiting queued']],
  ['error', [...ERRORED, 'errored queued', 'archived errored', 'archived errored queued']],
  ['running', ['runnable', 'odd']],
  ['interrupting', ['runnable', 'odd']],
  ['requires_action', ['runnable', 'odd']],
]);

const PARTS_OF_STATE: Readonly<Record<ExecutionState, readonly Part[]>> = {
  W: WAITING,
  XW: ['archived waiting'],
  E0: ERRORED,
  E1: ['errored queued'],
  XE0: ['archived errored'],
  XE1: ['archived errored queued'],
  R0: ['runnable'],
  R1: ['runnable'],
  I0: ['runnable'],
  I1: ['runnable'],
  A0: ['runnable'],
  A1: ['runnable'],
  INVALID: ['odd', 'waiting queued', 'archived waiting queued'],
};

const SUSPECT_PARTS: ReadonlySet<Part> = new Set([
  ...(['runnable', 'odd', 'waiting queued', 'archived waiting queued', 'errored queued'] as const),
  ...IN_TROUBLE,
]);
