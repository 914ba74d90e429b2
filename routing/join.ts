/**
 * The join of one list of entities that many replicas answered: the outcome of each share goes to its places.
 *
 * Each representation gets an entity, in order, whatever happened to any replica.
 * None is null: that would read as "no replica owns this chat".
 * An unanswered one has its keys, the outcome, and an explicit null under every other response key. The executor drops
 * what is merely absent.
 */
import type { Json } from '../common/json.ts';
import { nullNewer } from './answerShape.ts';
import { MAX_ERRORS } from './ask/replicaAnswer.ts';
import { type Outcome, type ShareAnswer, withOutcome } from './ask/share.ts';
import { type EntityError, entityError, formatted, replicaErrors } from './entityErrors.ts';
import type { EntityRequest } from './entityRequest.ts';
import { answeredEntity, type SelectedOutcome, selectOutcome, unansweredEntity } from './outcome.ts';
import type { RoutedType, Routing } from './routedTypes.ts';
import { errorCodeOf } from './transport/status.ts';
import type { SubgraphAnswer } from './transport/subgraphAnswer.ts';

/** The answer of a routed subgraph. */
export interface RoutedAnswer extends SubgraphAnswer {
  /** Null: this was no fetch of entities. One error says so. */
  readonly data: { readonly _entities: readonly Readonly<Json>[] } | null;
  readonly errors: NonNullable<SubgraphAnswer['errors']>;
}

export interface Join {
  /** Reads what came of one share. The others need not be there yet. Changes nothing that it is given but the entities. */
  add(answer: ShareAnswer): void;
  /** Once all shares were added, in any order. */
  whole(): RoutedAnswer;
}

/** @param onDefect told of what was thrown while an answer was read, which makes it a bad one */
export function makeJoin(routing: Routing, request: EntityRequest, onDefect: (error: unknown) => void): Join {
  const entities = new Array<Json | undefined>(request.representations.length);
  const errors: EntityError[] = [];
  const read = (answer: ShareAnswer) => {
    const placed: (readonly [place: number, entity: Json])[] = [];
    const told = readShare(routing, request, answer, (place, entity) => placed.push([place, entity]));
    for (const error of told) errors.push(error); // too many to be arguments of one call
    for (const [place, entity] of placed) entities[place] = entity;
  };
  return {
    add: (answer) => {
      try {
        read(answer);
      } catch (error) {
        onDefect(error);
        read(asBad(answer));
      }
    },
    whole: () => ({
      data: { _entities: Array.from(entities, (entity, place) => entity ?? { ...request.representations[place] }) },
      errors: errors.sort((a, b) => a.place - b.place).map(formatted),
    }),
  };
}

/** Limit for one replica's answer, counting each copy of a repeated entity. */
const MAX_PASSED_ON_CHARACTERS = 8 * 1024 * 1024;

/** @returns the errors about the entities that it puts in their places */
function readShare(
  routing: Routing,
  request: EntityRequest,
  answer: ShareAnswer,
  put: (place: number, entity: Json) => void,
): EntityError[] {
  const { share, withheld, movedTo } = answer;
  const own = replicaErrors(routing, request, answer);
  const others: EntityError[] = [];
  const bad = asBad(answer);
  const outcomeOf = outcomeSelector(request);
  let left = MAX_PASSED_ON_CHARACTERS;
  for (const [j, representation] of share.representations.entries()) {
    const places = share.places[j] ?? [];
    const type = routing.types.get(String(representation.__typename));
    if (!type || places.length === 0) continue;
    const plan = request.planOf(type);
    const received = answer.entities?.[j];
    const newer = withheld === undefined ? [] : nullNewer(plan.entity, received).slice(0, MAX_ERRORS);
    const selected = outcomeOf(type, answer.outcome);
    const known = movedTo === undefined ? undefined : { ...representation, ...answer.fields };
    const answered = answer.entities && answeredEntity(plan, selected, received, representation, known);
    for (const place of places) {
      left -= answered?.size ?? 0;
      if (answered && left >= 0) {
        put(place, answered.next());
        for (const path of newer) {
          const message = `Replica ${share.replicaId} could not be asked for this. ${withheld}`;
          others.push(entityError('FIELD_UNSUPPORTED', message, answer, [representation], [place, ...path]));
        }
        continue;
      }
      const { outcome, fields = {} } = bad;
      const why = answer.entities ? selectOutcome(plan, outcome) : selected;
      const { entity, lost } = unansweredEntity(plan, type.type.name, why, { keys: representation, fields });
      put(place, entity);
      const code = errorCodeOf(outcome.status);
      if (lost === undefined || code === undefined) continue;
      const explaining = own.filter((error) => error.place === place);
      for (const error of explaining) {
        if (error.below.length === 0) own[own.indexOf(error)] = { ...error, below: [lost] };
      }
      if (explaining.length > 0) continue;
      const message = `Nothing is known from replica ${share.replicaId}: ${outcome.reason}`;
      others.push(entityError(code, message, answer, [representation], [place, lost]));
    }
  }
  return [...own, ...others];
}

/** What is selected of an outcome is the same on all entities of a type. */
function outcomeSelector(request: EntityRequest) {
  const known = new Map<RoutedType, SelectedOutcome>();
  return (type: RoutedType, outcome: Outcome): SelectedOutcome => {
    const selected = known.get(type) ?? selectOutcome(request.planOf(type), outcome);
    known.set(type, selected);
    return selected;
  };
}

/** An answer that is of no use for an entity counts, for that entity, as none. */
function asBad(answer: ShareAnswer): ShareAnswer {
  if (!answer.entities) return answer;
  const { entities: _, fields: __, ...rest } = answer;
  return withOutcome({ ...rest, errors: [] }, { status: 'BAD_ANSWER', reason: 'It answered, but not what was asked.' });
}
