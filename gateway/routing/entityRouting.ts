/**
 * One list of entities, answered by many replicas: splits the list, and puts entities and errors back in their places.
 *
 * As many entities come out as representations went in, in their order, whatever happened to any replica, and none of them is
 * null: a null would read as "no replica owns this chat". What was not answered is an object all the same, with its keys, the
 * outcome, and an explicit null under every other response key, since the executor drops what is merely absent.
 */
import type { GraphQLFormattedError } from 'graphql';
import type { ErrorCode } from '../../subgraphs/errors.ts';
import { type Distinct, makeDistinct } from './distinct.ts';
import type { EntityRequest, Representation } from './entityRequest.ts';
import { errorCodeOf, type Outcome } from './outcome.ts';
import {
  answeredEntity,
  nextOf,
  type SelectedOutcome,
  selectedPath,
  selectOutcome,
  unansweredEntity,
} from './routedEntity.ts';
import type { RoutedType, Routing } from './routedTypes.ts';

/** What one replica is asked. */
export interface Share {
  /** Empty when the representations name no replica. */
  readonly replicaId: string;
  /** Without duplicates. */
  readonly representations: readonly Representation[];
  /** For each of them, the places in the whole list that it stands for. */
  readonly places: readonly (readonly number[])[];
}

/** What came of asking one replica; `entities` are as many as the share's representations. */
export type ShareAnswer =
  | {
      readonly kind: 'answered';
      readonly outcome: Outcome;
      readonly entities: readonly unknown[];
      /** Nobody else holds the entities: what is joined may be made of them, and changes them. */
      readonly isFresh?: boolean;
      readonly errors: readonly GraphQLFormattedError[];
      /** Set when another replica answered than the share is for. */
      readonly moved?: Moved;
    }
  | {
      readonly kind: 'unanswered';
      readonly outcome: Outcome;
      /** Values, by field name, that are known all the same. */
      readonly fields?: Readonly<Record<string, unknown>>;
      /** Of the errors that stand for what is lost, unless the one of the outcome. */
      readonly code?: ErrorCode;
    };

export interface Moved {
  /** The replica that answered. */
  readonly to: string;
  /** Values, by field name, that show it, whatever that replica says there. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A share, and what came of it. */
export interface Answered {
  readonly share: Share;
  readonly answer: ShareAnswer;
}

export interface RoutedResult {
  readonly data: { readonly _entities: readonly Record<string, unknown>[] };
  readonly errors: readonly GraphQLFormattedError[];
  /** For the log: what was thrown while an answer was read, which makes it a bad one. */
  readonly failures: readonly unknown[];
}

/** One share for each replica that the representations name, in the order of their first mention. */
export function splitRepresentations(routing: Routing, representations: readonly Representation[]): Share[] {
  const shares = new Map<string, Distinct>();
  for (const [place, representation] of representations.entries()) {
    const by = routing.types.get(String(representation.__typename))?.by;
    const replicaId = replicaOf(representation, by);
    const share = shares.get(replicaId) ?? makeDistinct(['__typename', by]);
    shares.set(replicaId, share);
    share.add(representation, place);
  }
  return [...shares].map(([replicaId, { members }]) => ({
    replicaId,
    representations: members.map(({ representation }) => representation),
    places: members.map(({ places }) => places),
  }));
}

/**
 * Whether a list asks several replicas about the same thing: as another representation does that differs in nothing but the
 * replica.
 */
export function askedOfSeveral(
  routing: Routing,
  shares: readonly Share[],
): (representation: Representation) => boolean {
  const subject = (representation: Representation) => {
    const by = routing.types.get(String(representation.__typename))?.by ?? '';
    return JSON.stringify({ ...representation, [by]: undefined });
  };
  let counted: ReadonlyMap<string, number> | undefined; // few fetches ever ask
  const count = () => {
    const times = new Map<string, number>();
    for (const { representations } of shares) {
      for (const one of new Set(representations.map(subject))) times.set(one, (times.get(one) ?? 0) + 1);
    }
    return times;
  };
  return (representation) => {
    counted ??= count();
    return (counted.get(subject(representation)) ?? 0) > 1;
  };
}

function replicaOf(representation: Representation, by: string | undefined): string {
  const id = by === undefined ? undefined : representation[by];
  return typeof id === 'string' ? id.toLowerCase() : '';
}

/** The part of a share that holds some of its representations. @param indices ascending */
export const partOf = (share: Share, indices: readonly number[]): Share => ({
  replicaId: share.replicaId,
  representations: share.representations.filter((_, j) => indices.includes(j)),
  places: share.places.filter((_, j) => indices.includes(j)),
});

/** Puts together what came of the shares. Changes nothing that it is given, but for fresh entities. */
export function joinAnswers(routing: Routing, request: EntityRequest, answered: readonly Answered[]): RoutedResult {
  const entities: (Record<string, unknown> | undefined)[] = request.representations.map(() => undefined);
  const errors: PlacedError[] = [];
  const failures: unknown[] = [];
  for (const { share, answer } of answered) {
    let joined: Joined;
    try {
      joined = joinShare(routing, request, share, answer);
    } catch (error) {
      failures.push(error);
      joined = joinShare(routing, request, share, unansweredAs(answer));
    }
    for (const { place, entity } of joined.entities) entities[place] = entity;
    errors.push(...joined.errors);
  }
  errors.sort((a, b) => a.place - b.place);
  const _entities = entities.map((entity, place) => entity ?? { ...request.representations[place] });
  return { data: { _entities }, errors: errors.map(formatted), failures };
}

/** Of the answer of one replica: its duplicates count, which are copies. */
const MAX_PASSED_ON_CHARACTERS = 8 * 1024 * 1024;

/** What came of one share; the entities by their places in the whole list. */
interface Joined {
  readonly entities: readonly { readonly place: number; readonly entity: Record<string, unknown> }[];
  readonly errors: readonly PlacedError[];
}

function joinShare(routing: Routing, request: EntityRequest, share: Share, answer: ShareAnswer): Joined {
  const entities: { place: number; entity: Record<string, unknown> }[] = [];
  const moved = answer.kind === 'answered' ? answer.moved : undefined;
  const own = answer.kind === 'answered' ? replicaErrors(routing, request, share, answer.errors, moved?.to) : [];
  const errors = [...own];
  const outcomeOf = outcomeSelector(request);
  let left = MAX_PASSED_ON_CHARACTERS;
  for (const [j, representation] of share.representations.entries()) {
    const type = routing.types.get(String(representation.__typename));
    if (!type) continue;
    const plan = request.planOf(type);
    const known = moved && { ...representation, ...moved.fields };
    const selected = outcomeOf(type, answer.outcome);
    const asked = { keys: representation, known };
    const answered =
      answer.kind === 'answered'
        ? answeredEntity(plan, selected, answer.entities[j], asked, answer.isFresh === true)
        : undefined;
    for (const place of share.places[j] ?? []) {
      left -= answered?.size ?? 0;
      if (answered && left >= 0) {
        entities.push({ place, entity: nextOf(plan, selected, answered) });
        continue;
      }
      const { outcome, fields = {}, code = errorCodeOf(outcome.status) } = unansweredAs(answer);
      const why = selectOutcome(plan, type, outcome);
      const { entity, lost } = unansweredEntity(plan, type.type.name, why, { keys: representation, fields });
      entities.push({ place, entity });
      if (lost === undefined) continue;
      const explained = own.filter((error) => error.place === place);
      for (const error of explained) error.below[0] ??= lost;
      if (explained.length === 0) errors.push(lostError(share, representation, place, lost, outcome, code));
    }
  }
  return { entities, errors };
}

/** What is selected of an outcome is the same on all entities of a type. */
function outcomeSelector(request: EntityRequest) {
  const known = new Map<RoutedType, SelectedOutcome>();
  return (type: RoutedType, outcome: Outcome): SelectedOutcome => {
    const selected = known.get(type) ?? selectOutcome(request.planOf(type), type, outcome);
    known.set(type, selected);
    return selected;
  };
}

type Unanswered = Extract<ShareAnswer, { kind: 'unanswered' }>;

/** An answer that is of no use for an entity counts, for that entity, as none. */
function unansweredAs(answer: ShareAnswer): Unanswered {
  if (answer.kind === 'unanswered') return answer;
  const outcome: Outcome = { ...answer.outcome, status: 'BAD_ANSWER', reason: 'It answered, but not what was asked.' };
  return { kind: 'unanswered', outcome };
}

/** An error, and the entity that it belongs to. */
interface PlacedError {
  readonly message: string;
  readonly place: number;
  /** The path from the entity on. */
  readonly below: (string | number)[];
  readonly extensions: Readonly<Record<string, unknown>>;
}

const formatted = ({ message, place, below, extensions }: PlacedError): GraphQLFormattedError => ({
  message,
  path: ['_entities', place, ...below],
  extensions,
});

function lostError(
  share: Share,
  representation: Representation,
  place: number,
  lost: string,
  { reason }: Outcome,
  code: ErrorCode,
): PlacedError {
  return {
    message: `Nothing is known from replica ${share.replicaId}: ${reason}`,
    place,
    below: [lost],
    extensions: { code, workerId: share.replicaId, chatIds: chatIdsOf([representation]) },
  };
}

/** Of the errors of one replica: more say nothing new. */
const MAX_ERRORS = 100;

/**
 * A replica's own errors, each in every place that its entity stands for; one that names no entity in the first. What it says
 * of the client's input goes through in its own words, everything else in ours: it may speak of its inside.
 */
function replicaErrors(
  routing: Routing,
  request: EntityRequest,
  share: Share,
  errors: readonly GraphQLFormattedError[],
  answeredBy = share.replicaId,
): PlacedError[] {
  const placed = errors.slice(0, MAX_ERRORS).flatMap(({ message, path, extensions }) => {
    const j = path?.[0] === '_entities' && typeof path[1] === 'number' ? path[1] : undefined;
    const named = j === undefined ? undefined : share.representations[j];
    const type = named && routing.types.get(String(named.__typename));
    const places = (named && j !== undefined && share.places[j]) || (share.places[0]?.slice(0, 1) ?? []);
    const code = typeof extensions?.code === 'string' ? extensions.code : 'INTERNAL_SERVER_ERROR';
    const ours = `Replica ${answeredBy} answered with an error. Its log says more.`;
    return places.map((place) => ({
      message: code === 'BAD_USER_INPUT' ? message : ours,
      place,
      below: type ? selectedPath(request, type, path?.slice(2) ?? []) : [],
      extensions: { code, workerId: share.replicaId, chatIds: chatIdsOf(named ? [named] : share.representations) },
    }));
  });
  return placed.slice(0, MAX_ERRORS);
}

/** The chats that the representations are about; none for those that are about a replica as a whole. */
export const chatIdsOf = (representations: readonly Representation[]): string[] => [
  ...new Set(representations.map(({ chatId }) => chatId).filter((id) => typeof id === 'string')),
];
