/**
 * One list of entities, answered by many replicas: puts what came of each share of it back in its places.
 *
 * As many entities come out as representations went in, in their order, whatever happened to any replica, and none of them is
 * null: a null would read as "no replica owns this chat". What was not answered is an object all the same, with its keys, the
 * outcome, and an explicit null under every other response key, since the executor drops what is merely absent.
 */
import type { GraphQLFormattedError } from 'graphql';
import { nullNewer } from './answerShape.ts';
import { formatted, lostError, MAX_ERRORS, type PlacedError, replicaErrors, withheldError } from './entityErrors.ts';
import type { EntityRequest } from './entityRequest.ts';
import type { Answered, Share, ShareAnswer } from './entityRouting.ts';
import { errorCodeOf, type Outcome } from './outcome.ts';
import { answeredEntity, nextOf, type SelectedOutcome, selectOutcome, unansweredEntity } from './routedEntity.ts';
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
