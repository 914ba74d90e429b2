/**
 * Follows what has moved, once. After the reading that named a replica, it may have a new address, or its chats a new
 * owner.
 * 1. It refuses, has stopped or is not known, or its answer says that another replica gave it.
 * 2. Its row is read anew. If it has another address by now, it is asked there.
 * 3. If not, the owners are read anew, and the new one is asked. There is no second hop, whatever comes of it.
 */
import {
  type ReplicaPlace,
  type Representation,
  type Share,
  type ShareAnswer,
  shownMs,
  withOutcome,
} from './ask/share.ts';
import type { EntityRequest } from './entityRequest.ts';
import { fieldReader } from './outcome.ts';
import type { Owners } from './owners.ts';
import type { Routing } from './routedTypes.ts';

export interface FollowOptions {
  readonly routing: Routing;
  readonly entityRequest: EntityRequest;
  readonly owners: Owners;
  /** Reads the replica to which a representation belongs now, as `Owners.read` does; what is asked for at about the same time is read together. */
  readonly ownerOf: (representation: Representation) => Promise<string | null | undefined>;
  /** True if the fetch asks several replicas about the same: then each of them speaks for itself. */
  readonly isAskedOfSeveral: (representation: Representation) => boolean;
  readonly ask: (share: Share, where: ReplicaPlace) => Promise<ShareAnswer>;
  readonly lookUp: (replicaId: string) => Promise<ReplicaPlace>;
  readonly lookUpAnew: (replicaId: string) => Promise<ReplicaPlace>;
  /** Milliseconds since the fetch began. */
  readonly elapsedMs: () => number;
}

/** Asks for a share where it was found, and follows what has moved. @returns answers that hold each place of the share once */
export async function askAndFollow(
  following: FollowOptions,
  share: Share,
  where: ReplicaPlace,
): Promise<ShareAnswer[]> {
  const begunMs = following.elapsedMs();
  const first = await following.ask(share, where);
  const astray = astrayIn(following, first);
  if (astray.length === 0) return [first];
  if (where.status === 'OK') {
    const now = await following.lookUpAnew(share.replicaId);
    if (now.status === 'OK' && now.address !== where.address) return [await following.ask(share, now)];
  }
  const moved = await newOwners(following, share, astray);
  const gone = new Set([...moved.values()].flat());
  const stayed = share.representations.flatMap((_, j) => (gone.has(j) ? [] : [j]));
  const followed = [...moved].map(([to, indices]) => askNewOwner(following, first, indices, { to, begunMs }));
  return [...(stayed.length > 0 ? [about(first, stayed)] : []), ...(await Promise.all(followed))];
}

/** The representations, by their index, of which the answer says that they should be looked for elsewhere. */
function astrayIn(
  { routing, entityRequest, owners }: FollowOptions,
  { share, outcome, entities }: ShareAnswer,
): number[] {
  const isRefused = ['REFUSED', 'STOPPED', 'UNKNOWN_REPLICA'].includes(outcome.status);
  return share.representations.flatMap((representation, j) => {
    if (!entities) return isRefused ? [j] : [];
    const type = routing.types.get(String(representation.__typename));
    const isAstray = type && owners.isOfAnother(representation, fieldReader(entityRequest.planOf(type), entities[j]));
    return isAstray ? [j] : [];
  });
}

/** Indices of what another replica owns than was asked, by that replica. */
async function newOwners(following: FollowOptions, share: Share, indices: readonly number[]) {
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
  { ask, elapsedMs, lookUp, owners, routing }: FollowOptions,
  first: ShareAnswer,
  indices: readonly number[],
  { to, begunMs }: { to: string; begunMs: number },
): Promise<ShareAnswer> {
  const { replicaId, representations, places } = first.share;
  const isGone = (_: unknown, j: number) => indices.includes(j);
  const share = { replicaId, representations: representations.filter(isGone), places: places.filter(isGone) };
  const addressed = share.representations.map((representation) => addressedTo(routing, representation, to));
  const second = await ask({ ...share, replicaId: to, representations: addressed }, await lookUp(to));
  const why = first.outcome.reason ?? 'Another replica answered in its place.';
  if (!second.entities) {
    const reason = `${why} Replica ${to}, to which it has moved, could not be asked: ${second.outcome.reason}`;
    return withOutcome(about(first, indices), { reason });
  }
  const reason = `${why} Replica ${to}, to which it has moved, answered.`;
  const moved = { ...second, share, movedTo: to, fields: owners.fieldsOfMove(to) };
  return withOutcome(moved, { elapsedMs: shownMs(elapsedMs() - begunMs), reason });
}

function addressedTo(routing: Routing, representation: Representation, replicaId: string): Representation {
  const by = routing.types.get(String(representation.__typename))?.by;
  return by === undefined ? representation : { ...representation, [by]: replicaId };
}

/** The answer as far as it is about some of its representations: the others stand for no place. */
const about = (answer: ShareAnswer, indices: readonly number[]): ShareAnswer => ({
  ...answer,
  share: { ...answer.share, places: answer.share.places.map((places, j) => (indices.includes(j) ? places : [])) },
});
