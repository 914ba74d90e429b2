/** Splits a list of entities by the replica that each names. */
import type { Representation, Share } from './ask/share.ts';
import { type Distinct, makeDistinct } from './distinct.ts';
import type { Routing } from './routedTypes.ts';

/** One share for each replica that the representations name, in the order of their first mention. @param isOf those to look at */
export function splitRepresentations(
  routing: Routing,
  representations: readonly Representation[],
  isOf: (place: number) => boolean = () => true,
): Share[] {
  const shares = new Map<string, Distinct>();
  for (const [place, representation] of representations.entries()) {
    if (!isOf(place)) continue;
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
