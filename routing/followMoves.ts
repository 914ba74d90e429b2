/**
 * A replica that is no longer in charge sends the router on, once. Between the reading that named it and the question to it,
 * a replica may have moved to another address, or what it owned to another replica. So when it refuses, has stopped or is not
 * known, or when its answer says that another one gave it, its row is read anew, and if it has another address by now it is
 * asked there; if not, the owners are read anew, and the new one is asked. There is no second hop, whatever comes of it.
 */
import type { EntityRequest, Representation } from './entityRequest.ts';
import { type Answered, partOf, type Share, type ShareAnswer } from './entityRouting.ts';
import { type Outcome, shownMs } from './outcome.ts';
import type { Owners } from './owners.ts';
import type { Found } from './replicaDirectory.ts';
import { fieldReader } from './routedEntity.ts';
import type { Routing } from './routedTypes.ts';

export interface Following {
  readonly routing: Routing;
  readonly entityRequest: EntityRequest;
  readonly owners: Owners;
  /** The replica to which a representation belongs now, as in `Owners.read`; what is asked for at about the same time is read together. */
  readonly ownerOf: (representation: Representation) => Promise<string | null | undefined>;
  /** Whether the fetch asks several replicas about the same: then each of them speaks for itself. */
  readonly isAskedOfSeveral: (representation: Representation) => boolean;
  readonly ask: (share: Share, where: Found) => Promise<ShareAnswer>;
  readonly lookUp: (replicaId: string) => Promise<Found>;
  readonly lookUpAnew: (replicaId: string) => Promise<Found>;
  /** Milliseconds since the fetch began. */
  readonly elapsedMs: () => number;
}

/** Asks for a share where it was found, and follows what has moved. @returns the share in as many parts as it fell into */
export async function askAndFollow(following: Following, share: Share, where: Found): Promise<Answered[]> {
  const begunMs = following.elapsedMs();
  const first: Answered = { share, answer: await following.ask(share, where) };
  const astray = astrayIn(following, first);
  if (astray.length === 0) return [first];
  if (where.kind === 'at') {
    const now = await following.lookUpAnew(share.replicaId);
    if (now.kind === 'at' && now.address !== where.address) {
      return [{ share, answer: await following.ask(share, now) }];
    }
  }
  const moved = await newOwners(following, share, astray);
  const gone = new Set([...moved.values()].flat());
  const stayed = share.representations.flatMap((_, j) => (gone.has(j) ? [] : [j]));
  const followed = [...moved].map(([to, indices]) => askNewOwner(following, part(first, indices), { to, begunMs }));
  return [...(stayed.length > 0 ? [part(first, stayed)] : []), ...(await Promise.all(followed))];
}

/** The representations, by their index, of which the answer says that they should be looked for elsewhere. */
function astrayIn({ routing, entityRequest, owners }: Following, { share, answer }: Answered): number[] {
  const isRefused = ['REFUSED', 'STOPPED', 'UNKNOWN_REPLICA'].includes(answer.outcome.status);
  return share.representations.flatMap((representation, j) => {
    if (answer.kind === 'unanswered') return isRefused ? [j] : [];
    const type = routing.types.get(String(representation.__typename));
    const isAstray =
      type && owners.isOfAnother(representation, fieldReader(entityRequest.planOf(type), answer.entities[j]));
    return isAstray ? [j] : [];
  });
}

/** By the replica that owns them now: the indices of those that another one owns than was asked. */
async function newOwners(following: Following, share: Share, indices: readonly number[]) {
  const found = new Map<string, number[]>();
  const read = indices.map(async (j) => {
    const representation = share.representations[j];
    if (!representation || following.isAskedOfSeveral(representation)) return;
    const owner = await following.ownerOf(representation);
    if (typeof owner === 'string' && owner !== share.replicaId) found.set(owner, [...(found.get(owner) ?? []), j]);
  });
  await Promise.all(read);
  return found;
}

async function askNewOwner(
  following: Following,
  { share, answer }: Answered,
  { to, begunMs }: { to: string; begunMs: number },
): Promise<Answered> {
  const { ask, elapsedMs, lookUp, owners, routing } = following;
  const representations = share.representations.map((representation) => addressedTo(routing, representation, to));
  const second = await ask({ replicaId: to, representations, places: share.places }, await lookUp(to));
  const why = answer.outcome.reason ?? 'Another replica answered in its place.';
  if (second.kind === 'unanswered') {
    const reason = `${why} Replica ${to}, to which it has moved, could not be asked: ${second.outcome.reason}`;
    return { share, answer: { ...answer, outcome: { ...answer.outcome, reason } } };
  }
  const outcome: Outcome = {
    ...second.outcome,
    elapsedMs: shownMs(elapsedMs() - begunMs),
    reason: `${why} Replica ${to}, to which it has moved, answered.`,
  };
  return { share, answer: { ...second, outcome, moved: { to, fields: owners.fieldsOfMove(to) } } };
}

function addressedTo(routing: Routing, representation: Representation, replicaId: string): Representation {
  const by = routing.types.get(String(representation.__typename))?.by;
  return by === undefined ? representation : { ...representation, [by]: replicaId };
}

/** What came of some of a share's representations; an error that names none of them is told with the first part. */
function part({ share, answer }: Answered, indices: readonly number[]): Answered {
  if (answer.kind === 'unanswered') return { share: partOf(share, indices), answer };
  const errors = answer.errors.flatMap((error) => {
    const [root, j, ...below] = error.path ?? [];
    if (root !== '_entities' || typeof j !== 'number') return indices.includes(0) ? [error] : [];
    const index = indices.indexOf(j);
    return index < 0 ? [] : [{ ...error, path: ['_entities', index, ...below] }];
  });
  const entities = indices.map((j) => answer.entities[j]);
  return { share: partOf(share, indices), answer: { ...answer, entities, errors } };
}
