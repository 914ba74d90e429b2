/** Contradictions within a diagnosis. */
import type { Diagnosis } from '../../../domain/diagnosis/diagnosis.ts';

/** Findings that cannot both be true. */
const EXCLUDE_EACH_OTHER = [
  ['OWNER_UNKNOWN', 'OWNER_STOPPED', 'OWNER_UNREACHABLE'],
  ['HEARTBEAT_MISSING', 'HEARTBEAT_STALE', 'LEASE_ENDANGERED'],
  ['RUNNER_MISSING', 'RUNNER_MISMATCH', 'RUNNER_BEHIND'],
  ['RUNNER_MISSING', 'DUPLICATE_RUNNERS'],
  ['OWNERS_LOST', 'THRASHING'],
  ['RUNNER_MISSING', 'OWNER_UNREACHABLE'],
  ['RUNNER_MISMATCH', 'OWNER_UNREACHABLE'],
  ['RUNNER_MISSING', 'NO_OWNER'],
  ['RUNNER_MISMATCH', 'NO_OWNER'],
  ['CAPACITY_WAIT', 'NO_OWNER'],
  ['RETRY_BACKOFF', 'RETRY_OVERDUE', 'NO_PROGRESS'],
  ['STATUS_UNKNOWN', 'INVALID_STATE'],
  ['ACTION_PENDING', 'ACTION_DEADLINE_PASSED', 'ERRORED', 'INVALID_STATE', 'UNANSWERED'],
];
/** The fault may be unknown, though some fault is certain. */
const NOT_KNOWN = 'STATUS_UNKNOWN';

/**
 * Reasons for which a diagnosis contradicts itself; empty: it does not.
 * @param isBehind true if the row was read on a standby that is behind
 */
export function contradictions(state: string, { verdict, findings }: Diagnosis, isBehind = false): string[] {
  const codes = new Set(findings.map(({ code }) => code));
  const critical = findings.filter(({ severity }) => severity === 'CRITICAL').length;
  const problems = EXCLUDE_EACH_OTHER.filter((group) => group.filter((code) => codes.has(code)).length > 1).map(
    (group) => `two of ${group}`,
  );
  if (critical > 1) problems.push('two root causes');
  if (codes.has('QUIET') && codes.size > 1) problems.push('QUIET, and something else');
  const isDoubtful = isBehind && verdict === 'UNKNOWN';
  if (critical > 0 && verdict !== 'STUCK' && verdict !== 'FAILED' && !codes.has(NOT_KNOWN) && !isDoubtful)
    problems.push(`${verdict} with a CRITICAL finding`);
  if (critical === 0 && verdict === 'STUCK') problems.push('STUCK without a CRITICAL finding');
  if ((verdict === 'FAILED') !== /^E[01]$/.test(state) && !codes.has(NOT_KNOWN))
    problems.push(`${verdict} in ${state}`);
  if (verdict === 'IDLE' && /^[RIA][01]$/.test(state)) problems.push(`IDLE in ${state}`);
  if (['WORKING', 'WAITING'].includes(verdict) && !/^[RIA]/.test(state)) problems.push(`${verdict} in ${state}`);
  return problems;
}
