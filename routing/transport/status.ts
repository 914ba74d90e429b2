/** The contract's words for what came of asking a process, and the error codes that follow from them. */
import type { ErrorCode } from '../../server/graphql/errors.ts';

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

/** Code of the error that stands for fields lost with this status. Undefined: nothing is wrong. */
export function errorCodeOf(
  status: ReachabilityStatus,
  peer: 'replica' | 'database' | 'recorder' | 'operator' = 'replica',
): ErrorCode | undefined {
  if (status === 'NOT_ASKED') return undefined;
  if (peer === 'database') return 'DATABASE_UNAVAILABLE';
  if (peer === 'recorder') return 'RECORDER_UNAVAILABLE';
  if (peer === 'operator') return 'OPERATOR_UNAVAILABLE';
  return CODES[status] ?? 'REPLICA_UNREACHABLE';
}

const CODES: Partial<Record<ReachabilityStatus, ErrorCode>> = {
  TIMED_OUT: 'REPLICA_TIMED_OUT',
  UNKNOWN_REPLICA: 'REPLICA_UNKNOWN',
  REFUSED: 'REPLICA_REFUSED',
};
