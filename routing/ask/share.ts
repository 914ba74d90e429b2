/** The share of one replica in a list of entities, and its outcome. */
import type { GraphQLFormattedError } from 'graphql';
import type { Json } from '../../common/json.ts';
import type { ReachabilityStatus } from '../transport/status.ts';

/** A key of an entity, and what else its subgraph requires. */
export type Representation = Readonly<Json>;

export interface Share {
  /** Empty when the representations name no replica. */
  readonly replicaId: string;
  /** No two are the same. */
  readonly representations: readonly Representation[];
  /** Places in the whole list that each of them stands for. */
  readonly places: readonly (readonly number[])[];
}

/** The value of the field that `@routed(outcome:)` names; its names are those of the schema. */
export interface Outcome {
  readonly status: ReachabilityStatus;
  /** Milliseconds. 0: nothing was sent. */
  readonly elapsedMs: number;
  /** Null for callers who may not see it, and when it is not known. */
  readonly address: string | null;
  /** A sentence without an address. Null: all is well. */
  readonly reason: string | null;
}

/** A share, and what came of it. */
export interface ShareAnswer {
  readonly share: Share;
  readonly outcome: Outcome;
  /** Requests that were sent. */
  readonly attempts: number;
  /** Entities received for each representation, which belong to the join. Undefined: it was not answered. */
  readonly entities?: readonly unknown[];
  /** The replica's own. Empty unless it answered. */
  readonly errors: readonly GraphQLFormattedError[];
  /** Values, by field name, that are known all the same; of what has moved, they stand whatever the replica says there. */
  readonly fields?: Readonly<Json>;
  /** Says why the replica was asked without fields that are newer than its version. Undefined: it was asked for all. */
  readonly withheld?: string;
  /** Replica that answered in place of the share's. */
  readonly movedTo?: string;
  /** `token`: it was not taken. `version`: the replica's schema lacks what was asked for. Neither says that the replica is ill. */
  readonly cause?: 'token' | 'version';
}

/** A share of which nothing was sent. */
export const withoutAnswer = (share: Share, status: ReachabilityStatus, reason: string | null): ShareAnswer => ({
  ...{ share, attempts: 0, errors: [] },
  outcome: { status, elapsedMs: 0, address: null, reason },
});

/** The answer with another outcome. */
export const withOutcome = (answer: ShareAnswer, changes: Partial<Outcome>): ShareAnswer => ({
  ...answer,
  outcome: { ...answer.outcome, ...changes },
});

/** Milliseconds as clients are shown them: to a tenth. */
export const shownMs = (ms: number): number => Math.round(ms * 10) / 10;

/** Chats that the representations are about. None for those that are about a replica as a whole. */
export const chatIdsOf = (representations: readonly Representation[]): string[] => [
  ...new Set(representations.map(({ chatId }) => chatId).filter((id) => typeof id === 'string')),
];

/** Where a replica is. `UNKNOWN_REPLICA`: read just now, and not there. `UNREACHABLE`: not held, and no reading succeeded in time. */
export type ReplicaPlace =
  | { readonly status: 'OK' | 'STOPPED'; readonly address: string; readonly version?: string | undefined }
  | { readonly status: 'UNKNOWN_REPLICA' | 'UNREACHABLE' };
