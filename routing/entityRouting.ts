/** Many replicas answer one list of entities: what each is asked, and what may come of it. */
import type { GraphQLFormattedError } from 'graphql';
import { type Distinct, makeDistinct } from './distinct.ts';
import type { Representation } from './entityRequest.ts';
import type { Outcome } from './outcome.ts';
import type { Routing } from './routedTypes.ts';

/** What one replica is asked. */
export interface Share {
  /** Empty when the representations name no replica. */
  readonly replicaId: string;
  /** Without duplicates. */
  readonly representations: readonly Representation[];
  /** For each of them, the places in the whole list that it stands for. */
  readonly places: readonly (readonly number[])[];
}

/** What came of asking one replica; `entities` are as many as the share's representations. */
export type ShareAnswer =
  | {
      readonly kind: 'answered';
      readonly outcome: Outcome;
      readonly entities: readonly unknown[];
      /** Nobody else holds the entities: what is joined may be made of them, and changes them. */
      readonly isFresh?: boolean;
      readonly errors: readonly GraphQLFormattedError[];
      /** Why the replica was asked without fields that are newer than its version; undefined: it was asked for all. */
      readonly withheld?: string;
      /** Set when another replica answered than the share is for. */
      readonly moved?: Moved;
    }
  | {
      readonly kind: 'unanswered';
      readonly outcome: Outcome;
      /** Values, by field name, that are known all the same. */
      readonly fields?: Readonly<Record<string, unknown>>;
    };

export interface Moved {
  /** The replica that answered. */
  readonly to: string;
  /** Values, by field name, that show it, whatever that replica says there. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A share, and what came of it. */
export interface Answered {
  readonly share: Share;
  readonly answer: ShareAnswer;
}

/** One share for each replica that the representations name, in the order of their first mention. */
export function splitRepresentations(routing: Routing, representations: readonly Representation[]): Share[] {
  const shares = new Map<string, Distinct>();
  for (const [place, representation] of representations.entries()) {
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

/** The part of a share that holds some of its representations. @param indices ascending */
export const partOf = (share: Share, indices: readonly number[]): Share => ({
  replicaId: share.replicaId,
  representations: share.representations.filter((_, j) => indices.includes(j)),
  places: share.places.filter((_, j) => indices.includes(j)),
});

/** The chats that the representations are about; none for those that are about a replica as a whole. */
export const chatIdsOf = (representations: readonly Representation[]): string[] => [
  ...new Set(representations.map(({ chatId }) => chatId).filter((id) => typeof id === 'string')),
];
