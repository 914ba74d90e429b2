/**
 * One list of entities, answered by many replicas: puts what came of each share of it back in its places.
 *
 * As many entities come out as representations went in, in their order, whatever happened to any replica, and none of them is
 * null: a null would read as "no replica owns this chat". What was not answered is an object all the same, with its keys, the
 * outcome, and an explicit null under every other response key, since the executor drops what is merely absent.
 */
import type { GraphQLFormattedError } from 'graphql';
import type { ErrorCode } from '../../subgraphs/errors.ts';
import { nullNewer, type Path } from './answerShape.ts';
import type { EntityRequest, Representation } from './entityRequest.ts';
import { type Answered, chatIdsOf, type Share, type ShareAnswer } from './entityRouting.ts';
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

export interface RoutedResult {
  readonly data: { readonly _entities: readonly Record<string, unknown>[] };
  readonly errors: readonly GraphQLFormattedError[];
  /** For the log: what was thrown while an answer was read, which makes it a bad one. */
  readonly failures: readonly unknown[];
}

/** What came of all shares, as one answer. */
export const joinAnswers = (routing: Routing, request: EntityRequest, answered: readonly Answered[]): RoutedResult =>
  putTogether(
    request,
    answered.map((one) => joinShare(routing, request, one)),
  );

/** @param joined of all shares, in any order */
export function putTogether(request: EntityRequest, joined: readonly Joined[]): RoutedResult {
  const entities: (Record<string, unknown> | undefined)[] = request.representations.map(() => undefined);
  for (const one of joined) for (const { place, entity } of one.entities) entities[place] = entity;
  const errors = joined.flatMap((one) => one.errors).sort((a, b) => a.place - b.place);
  return {
    data: { _entities: entities.map((entity, place) => entity ?? { ...request.representations[place] }) },
    errors: errors.map(formatted),
    failures: joined.flatMap(({ failures }) => failures),
  };
}

/** Of the answer of one replica: its duplicates count, which are copies. */
const MAX_PASSED_ON_CHARACTERS = 8 * 1024 * 1024;

/** What came of one share, in the places of the whole list. */
export interface Joined {
  readonly entities: readonly { readonly place: number; readonly entity: Record<string, unknown> }[];
  readonly errors: readonly PlacedError[];
  /** What was thrown while the answer was read. */
  readonly failures: readonly unknown[];
}

/** Reads what came of one share; the others need not be there yet. Changes nothing that it is given, but for fresh entities. */
export function joinShare(routing: Routing, request: EntityRequest, { share, answer }: Answered): Joined {
  try {
    return join(routing, request, share, answer);
  } catch (error) {
    return { ...join(routing, request, share, unansweredAs(answer)), failures: [error] };
  }
}

function join(routing: Routing, request: EntityRequest, share: Share, answer: ShareAnswer): Joined {
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
    const withheld = answer.kind === 'answered' && answer.withheld;
    const newer = withheld ? nullNewer(plan.entity, answer.entities[j]).slice(0, MAX_ERRORS) : [];
    const answered =
      answer.kind === 'answered'
        ? answeredEntity(plan, selected, answer.entities[j], asked, answer.isFresh === true)
        : undefined;
    for (const place of share.places[j] ?? []) {
      left -= answered?.size ?? 0;
      if (answered && left >= 0) {
        entities.push({ place, entity: nextOf(plan, selected, answered) });
        errors.push(...newer.map((below) => withheldError(share, representation, place, below, withheld || '')));
        continue;
      }
      const { outcome, fields = {} } = unansweredAs(answer);
      const code = errorCodeOf(outcome.status);
      const why = selectOutcome(plan, type, outcome);
      const { entity, lost } = unansweredEntity(plan, type.type.name, why, { keys: representation, fields });
      entities.push({ place, entity });
      if (lost === undefined || code === undefined) continue;
      const explained = own.filter((error) => error.place === place);
      for (const error of explained) error.below[0] ??= lost;
      if (explained.length === 0) errors.push(lostError(share, representation, place, lost, outcome, code));
    }
  }
  return { entities, errors, failures: [] };
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

/** One for each field, since which of them the client selected is not known here. */
const withheldError = (
  { replicaId }: Share,
  representation: Representation,
  place: number,
  below: Path,
  reason: string,
): PlacedError => ({
  message: `Replica ${replicaId} could not be asked for this. ${reason}`,
  place,
  below: [...below],
  extensions: {
    code: 'FIELD_UNSUPPORTED' satisfies ErrorCode,
    workerId: replicaId,
    chatIds: chatIdsOf([representation]),
  },
});

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
