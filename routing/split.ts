/** Splits a list of entities by the replica that each names. */
import type { Representation, Share } from './ask/share.ts';
import type { Routing } from './routedTypes.ts';

/** Makes one share for each replica that is named, in the order of their first mention. @param isOf which places to look at */
export function splitRepresentations(
  routing: Routing,
  representations: readonly Representation[],
  isOf: (place: number) => boolean = () => true,
): Share[] {
  const shares = new Map<string, { replicaId: string; representations: Representation[]; places: number[][] }>();
  const known = new Map<string, number[]>();
  for (const [place, representation] of representations.entries()) {
    if (!isOf(place)) continue;
    const text = JSON.stringify(representation);
    const places = known.get(text);
    if (places) {
      places.push(place);
      continue;
    }
    const replicaId = replicaOf(representation, routing.types.get(String(representation.__typename))?.by);
    const share = shares.get(replicaId) ?? { replicaId, representations: [], places: [] };
    const here = [place];
    known.set(text, here);
    share.representations.push(representation);
    share.places.push(here);
    shares.set(replicaId, share);
  }
  return [...shares.values()];
}

/** True if a list asks several replicas about the same: another representation differs only in the replica. */
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
