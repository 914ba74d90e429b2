/** Routing behind a check of what its caller may ask: what is refused never comes near a replica, or the directory. */

import { type EntityRequest, readEntityRequest } from '../../routing/entityRequest.ts';
import { splitRepresentations } from '../../routing/entityRouting.ts';
import { joinAnswers } from '../../routing/joinAnswers.ts';
import type { Outcome } from '../../routing/outcome.ts';
import type { Routing } from '../../routing/routedTypes.ts';
import type { RoutedAnswer, RouteEntities } from '../../routing/routeEntities.ts';
import type { CheckAccess } from './chatAccess.ts';

export function checkedRouting(routing: Routing, routeEntities: RouteEntities, check: CheckAccess): RouteEntities {
  return async (request, context) => {
    const asked = readEntityRequest(routing.schema, request);
    if (!asked) return routeEntities(request, context);
    const verdicts = await check(asked.representations, context);
    const isAsked = (i: number) => verdicts[i] === undefined;
    const representations = asked.representations.filter((_, i) => isAsked(i));
    const answered: RoutedAnswer =
      representations.length > 0
        ? await routeEntities({ ...request, variables: { ...request.variables, representations } }, context)
        : { data: { _entities: [] }, errors: [] };
    if (!answered.data) return answered;
    return inPlaces(verdicts.length, [
      { answer: answered, places: [...verdicts.keys()].filter(isAsked) },
      ...verdicts.flatMap((outcome, i) =>
        outcome ? [{ answer: refusedAnswer(routing, asked, i, outcome), places: [i] }] : [],
      ),
    ]);
  };
}

/** What a caller sees of an entity that it may not ask for. */
function refusedAnswer(routing: Routing, asked: EntityRequest, place: number, outcome: Outcome): RoutedAnswer {
  const request = { ...asked, representations: asked.representations.slice(place, place + 1) };
  const shares = splitRepresentations(routing, request.representations);
  const answer = { kind: 'unanswered', outcome } as const;
  return joinAnswers(
    routing,
    request,
    shares.map((share) => ({ share, answer })),
  );
}

interface Placed {
  readonly answer: RoutedAnswer;
  /** Where each of its entities stands in the whole list. */
  readonly places: readonly number[];
}

function inPlaces(length: number, parts: readonly Placed[]): RoutedAnswer {
  const entities = new Array<Readonly<Record<string, unknown>>>(length);
  const errors = parts.flatMap(({ answer, places }) => {
    for (const [j, entity] of answer.data?._entities.entries() ?? []) entities[places[j] ?? j] = entity;
    return answer.errors.map((error) => {
      const [field = '_entities', j, ...below] = error.path ?? [];
      return typeof j === 'number' ? { ...error, path: [field, places[j] ?? j, ...below] } : error;
    });
  });
  return { data: { _entities: entities }, errors };
}
