/** What came of asking one replica, and the code under which a client reads it. */
import type { ErrorCode } from '../server/graphql/errors.ts';

export type ReachabilityStatus =
  | 'OK'
  | 'UNREACHABLE'
  | 'TIMED_OUT'
  | 'UNKNOWN_REPLICA'
  | 'STOPPED'
  | 'REFUSED'
  | 'BAD_ANSWER'
  | 'CIRCUIT_OPEN'
  | 'NOT_ASKED';

/** The value of the field that `@routed(outcome:)` names; its names are those of the schema. */
export interface Outcome {
  readonly status: ReachabilityStatus;
  /** Milliseconds; 0 when nothing was sent. */
  readonly elapsedMs: number;
  /** Null for callers who may not see it, and when it is not known. */
  readonly address: string | null;
  /** A sentence without an address; null when all is well. */
  readonly reason: string | null;
}

/** Milliseconds as clients are shown them: to a tenth. */
export const shownMs = (ms: number): number => Math.round(ms * 10) / 10;

/** The code of the error that stands for fields lost with this status; undefined: nothing is wrong. */
export function errorCodeOf(status: ReachabilityStatus): ErrorCode | undefined {
  switch (status) {
    case 'NOT_ASKED':
      return undefined;
    case 'TIMED_OUT':
      return 'REPLICA_TIMED_OUT';
    case 'UNKNOWN_REPLICA':
      return 'REPLICA_UNKNOWN';
    case 'REFUSED':
      return 'REPLICA_REFUSED';
    default:
      return 'REPLICA_UNREACHABLE';
  }
}
