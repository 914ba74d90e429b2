/** Errors about entities of one list: of what a replica did not answer, was not asked for, or says itself. */
import type { GraphQLFormattedError } from 'graphql';
import type { ErrorCode } from '../server/graphql/errors.ts';
import { READ_ALL } from '../server/tokens/internalToken.ts';
import type { Path } from './answerShape.ts';
import type { EntityRequest, Representation } from './entityRequest.ts';
import { chatIdsOf, type Share } from './entityRouting.ts';
import type { Outcome } from './outcome.ts';
import { selectedPath } from './routedEntity.ts';
import type { Routing } from './routedTypes.ts';

/** An error, and the entity that it belongs to. */
export interface PlacedError {
  readonly message: string;
  readonly place: number;
  /** The path from the entity on. */
  readonly below: (string | number)[];
  readonly extensions: Readonly<Record<string, unknown>>;
}

export const formatted = ({ message, place, below, extensions }: PlacedError): GraphQLFormattedError => ({
  message,
  path: ['_entities', place, ...below],
  extensions,
});

export function lostError(
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
export const withheldError = (
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
export const MAX_ERRORS = 100;

/**
 * A replica's own errors, each in every place that its entity stands for; one that names no entity in the first. What it says
 * of the client's input goes through in its own words, everything else in ours: it may speak of its inside.
 */
export function replicaErrors(
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
    return places.map((place) => ({
      message: code === 'BAD_USER_INPUT' ? message : inOurWords(code, answeredBy),
      place,
      below: type ? selectedPath(request, type, path?.slice(2) ?? []) : [],
      extensions: { code, workerId: share.replicaId, chatIds: chatIdsOf(named ? [named] : share.representations) },
    }));
  });
  return placed.slice(0, MAX_ERRORS);
}

const inOurWords = (code: string, replicaId: string) =>
  code === 'FORBIDDEN'
    ? `This needs the role ${READ_ALL}.`
    : `Replica ${replicaId} answered with an error. Its log says more.`;
