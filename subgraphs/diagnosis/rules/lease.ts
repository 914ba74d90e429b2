/** Rules on the lease of the runner that the row names. */
import * as is from '../conditions/lease.ts';
import {
  lease,
  lookAtReplicas,
  OPERATOR,
  OWNERSHIP,
  ofRunner,
  orNoSlot,
  owner,
  type Rule,
  takable,
  takeFromOwner,
  takeIt,
} from '../rule.ts';
import type { Situation } from '../situation.ts';
import { secondsText } from '../wording.ts';

const severity = (s: Situation) => (is.leaseIsTheTrouble(s) ? 'CRITICAL' : 'WARNING');

export const heartbeatMissing = {
  code: 'HEARTBEAT_MISSING',
  severity,
  when: is.heartbeatMissing,
  says: (s) => `the runner of ${owner(s)} has no lease on it${orNoSlot(s)}`,
  evidence: (s) => [...OWNERSHIP, ...takable(s), ...ofRunner(s, 'lease.ageSeconds', 'lease.consecutiveFailures')],
  who: OPERATOR,
  act: takeFromOwner,
  command: takeIt,
} as const satisfies Rule;

export const heartbeatStale = {
  code: 'HEARTBEAT_STALE',
  severity,
  when: is.heartbeatStale,
  says: (s) =>
    s.leaseAhead
      ? `the lease of ${owner(s)} is dated ahead of the database’s clock, and counts as run out`
      : `the lease of ${owner(s)} was not renewed for ${secondsText(s.database?.heartbeat?.ageSeconds)}, and was good for ${secondsText(s.staleAfterSeconds)}${orNoSlot(s)}`,
  evidence: (s) => [
    ...OWNERSHIP,
    ...takable(s),
    ...ofRunner(s, 'lease.ageSeconds', 'lease.staleAfterSeconds', 'lease.consecutiveFailures'),
  ],
  who: OPERATOR,
  act: takeFromOwner,
  command: takeIt,
} as const satisfies Rule;

export const leaseEndangered = {
  code: 'LEASE_ENDANGERED',
  severity: 'WARNING',
  when: is.leaseEndangered,
  says: (s) => `the lease of ${owner(s)} is renewed late, and may run out`,
  evidence: (s) => [
    ...lease(s),
    ...ofRunner(s, 'lease.ageSeconds', 'lease.intervalSeconds', 'lease.staleAfterSeconds', 'lease.consecutiveFailures'),
    ...(s.runtime ? [`${s.runtime.path}.eventLoopDelayMs`] : []),
  ],
  who: OPERATOR,
  act: (s) => `see whether ${owner(s)} is overloaded or cut off from the database`,
  command: lookAtReplicas,
} as const satisfies Rule;
