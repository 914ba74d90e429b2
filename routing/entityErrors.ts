/** Errors about entities of one list: of what a replica did not answer, was not asked for, or says itself. */
import type { GraphQLFormattedError } from 'graphql';
import type { ErrorCode } from '../server/graphql/errors.ts';
import type { ObjectShape, ValueShape } from '../server/graphql/selection.ts';
import { READ_ALL } from '../server/tokens/internalToken.ts';
import { MAX_ERRORS } from './ask/replicaAnswer.ts';
import { chatIdsOf, type Representation, type ShareAnswer } from './ask/share.ts';
import type { EntityRequest } from './entityRequest.ts';
import { aboutOf, type Path } from './errorPaths.ts';
import type { Routing } from './routedTypes.ts';
import { holdsAddress } from './transport/addressIn.ts';

/** An error, and the place in the list of the entity that it belongs to. */
export interface EntityError {
  readonly message: string;
  readonly place: number;
  /** Path from the entity on. */
  readonly below: Path;
  readonly extensions: Readonly<Record<string, unknown>>;
}

export const formatted = ({ message, place, below, extensions }: EntityError): GraphQLFormattedError => ({
  message,
  path: ['_entities', place, ...below],
  extensions,
});

export const entityError = (
  code: string,
  message: string,
  { share: { replicaId } }: ShareAnswer,
  about: readonly Representation[],
  [place, ...below]: readonly [number, ...Path],
): EntityError => ({ message, place, below, extensions: { code, workerId: replicaId, chatIds: chatIdsOf(about) } });

/**
 * A replica's own errors, each in every place that its entity stands for; one that names no entity in the first. What it says
 * of the client's input goes through in its own words, unless they hold an address. Everything else is said in ours: it may
 * speak of its inside.
 */
export function replicaErrors(routing: Routing, request: EntityRequest, answer: ShareAnswer): EntityError[] {
  const { share, errors, movedTo = share.replicaId } = answer;
  const { representations, places } = share;
  const placed = errors.flatMap((error) => {
    const { index, below } = aboutOf(error);
    const named = index === undefined ? undefined : representations[index];
    const type = named && routing.types.get(String(named.__typename));
    const about = named ? [named] : representations.filter((_, j) => places[j]?.length);
    const stands =
      (named && index !== undefined && places[index]) || (places.find(({ length }) => length > 0)?.slice(0, 1) ?? []);
    const code = typeof error.extensions?.code === 'string' ? error.extensions.code : 'INTERNAL_SERVER_ERROR';
    const message = code === BAD_USER_INPUT && !holdsAddress(error.message) ? error.message : inOurWords(code, movedTo);
    const selected = type ? selectedPath(request.planOf(type).entity, below) : [];
    return stands.map((place) => entityError(code, message, answer, about, [place, ...selected]));
  });
  return placed.slice(0, MAX_ERRORS);
}

const BAD_USER_INPUT = 'BAD_USER_INPUT' satisfies ErrorCode;
const FORBIDDEN = 'FORBIDDEN' satisfies ErrorCode;
const VALUE_UNREADABLE = 'VALUE_UNREADABLE' satisfies ErrorCode;

function inOurWords(code: string, replicaId: string): string {
  if (code === FORBIDDEN) return `This needs the role ${READ_ALL}.`;
  if (code === VALUE_UNREADABLE) return `Replica ${replicaId} tells a value here that cannot be read.`;
  if (code === BAD_USER_INPUT) return `Replica ${replicaId} does not take a value of the query.`;
  return `Replica ${replicaId} answered with an error. Its log says more.`;
}

/** Cuts a path below an entity to what leads to selected fields: a replica may say anything there. */
function selectedPath(entity: ObjectShape, path: Path): Path {
  let object: ObjectShape | undefined = entity;
  for (const [i, step] of path.entries()) {
    if (typeof step === 'number') {
      if (typeof path[i - 1] !== 'string') return path.slice(0, i);
    } else {
      const field = object?.fields.find(({ key }) => key === step);
      if (!field) return path.slice(0, i);
      object = objectIn(field.value);
    }
  }
  return path;
}

function objectIn(value: ValueShape): ObjectShape | undefined {
  if (value.kind === 'list') return objectIn(value.item);
  return value.kind === 'object' || value.kind === 'given' ? value.object : undefined;
}
