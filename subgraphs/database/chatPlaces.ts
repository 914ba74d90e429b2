/**
 * Where the chats of a filter can be: which parts of the table have to be looked at, so that a list costs what it shows
 * and not what there is. A place only narrows the search; whether a chat belongs to the list is for the conditions to say.
 *
 * Every chat is of one kind. Nearly all are `waiting`: a filter that allows them walks through the index of all chats and
 * is soon satisfied. Each other kind has a partial index of its own, in the order of the list. Chats at rest that have a
 * queue are few and no index of chats can know them, so they are found from the queue's side. Nearly all chats with an
 * owner are runnable, so the others among them have an index too.
 */
import type { ExecutionState } from '../../common/executionState.ts';
import { Prisma } from '../../prisma/generated/client.ts';
import type { ChatFilter } from './chatConditions.ts';
import { RUNNABLE } from './executionStateSql.ts';

/** Kinds of chats that nobody works on. */
const AT_REST = ['waiting', 'errored', 'archived waiting', 'archived errored'] as const;
type AtRest = (typeof AT_REST)[number];
type Kind = AtRest | 'runnable' | 'odd';
/** A kind at rest stands for its chats without a queue. */
type Part = Kind | `${AtRest} queued`;

const KINDS: readonly Kind[] = [...AT_REST, 'runnable', 'odd'];
const PARTS: readonly Part[] = [...KINDS, ...AT_REST.map((kind) => `${kind} queued` as const)];

/** Part of `chats AS c`. */
export interface Place {
  readonly condition: Prisma.Sql;
  /** Whether it is only those with a queue, to be found from there. */
  readonly fromQueue: boolean;
}

/** As the partial indexes of the migrations say it. */
const CONDITION: Readonly<Record<Kind, Prisma.Sql>> = {
  waiting: Prisma.sql`c.status = 'waiting' AND NOT c.archived`,
  errored: Prisma.sql`c.status = 'error' AND NOT c.archived`,
  'archived waiting': Prisma.sql`c.status = 'waiting' AND c.archived`,
  'archived errored': Prisma.sql`c.status = 'error' AND c.archived`,
  runnable: RUNNABLE,
  odd: Prisma.sql`c.status NOT IN ('waiting', 'error')
    AND (c.archived OR c.status NOT IN ('running', 'interrupting', 'requires_action'))`,
};

const OWNED_NOT_RUNNABLE = Prisma.sql`c.worker_id IS NOT NULL
  AND (c.archived OR c.status NOT IN ('running', 'interrupting', 'requires_action'))`;

const placed = (condition: Prisma.Sql, fromQueue = false): Place => ({ condition, fromQueue });

/** No chat is in two of them. None: nothing can match. */
export function placesOf(filter: ChatFilter): Place[] {
  const narrowed = narrowings(filter);
  const allowed = new Set(PARTS.filter((part) => narrowed.every((parts) => parts.has(part))));
  if (filter.owned) return ownedPlaces(allowed);
  if (allowed.has('waiting')) return [placed(Prisma.sql`true`)];
  const kinds = KINDS.filter((kind) => allowed.has(kind));
  const queued = AT_REST.filter((kind) => allowed.has(`${kind} queued`) && !allowed.has(kind));
  return [...kinds.map((kind) => placed(CONDITION[kind])), ...(queued.length > 0 ? [fromQueue(queued)] : [])];
}

function ownedPlaces(allowed: ReadonlySet<Part>): Place[] {
  const runnable = allowed.has('runnable');
  const others = allowed.size > (runnable ? 1 : 0);
  return [...(runnable ? [placed(RUNNABLE)] : []), ...(others ? [placed(OWNED_NOT_RUNNABLE)] : [])];
}

function fromQueue(kinds: readonly AtRest[]): Place {
  const conditions = kinds.map((kind) => Prisma.sql`(${CONDITION[kind]})`);
  return placed(Prisma.sql`(${Prisma.join(conditions, ' OR ')})`, true);
}

/** The parts that each member of the filter leaves. */
function narrowings({ status, executionState, heartbeat, suspect }: ChatFilter): ReadonlySet<Part>[] {
  const left: ReadonlySet<Part>[] = [];
  if (status) left.push(new Set(status.flatMap((text) => PARTS_OF_STATUS.get(text) ?? ['odd'])));
  if (executionState) left.push(new Set(executionState.flatMap((state) => PARTS_OF_STATE[state])));
  if (heartbeat) left.push(new Set(['runnable']));
  if (suspect) left.push(SUSPECT_PARTS);
  return left;
}

const PARTS_OF_STATUS: ReadonlyMap<string, readonly Part[]> = new Map([
  ['waiting', ['waiting', 'waiting queued', 'archived waiting', 'archived waiting queued']],
  ['error', ['errored', 'errored queued', 'archived errored', 'archived errored queued']],
  ['running', ['runnable', 'odd']],
  ['interrupting', ['runnable', 'odd']],
  ['requires_action', ['runnable', 'odd']],
]);

const PARTS_OF_STATE: Readonly<Record<ExecutionState, readonly Part[]>> = {
  W: ['waiting'],
  XW: ['archived waiting'],
  E0: ['errored'],
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
  'runnable',
  'odd',
  'waiting queued',
  'archived waiting queued',
  'errored queued',
]);
