/** Rules on the lease of the runner that the row names. */
import * as leases from '../conditions/lease.ts';
import { renewalRefused } from '../conditions/refusals.ts';
import { lookAtReplicas, lookAtSnapshot } from '../means/means.ts';
import { mending, refusalText } from '../refusal.ts';
import { butFor, lease, OPERATOR, OWNERSHIP, ofRunner, orNoSlot, type Rule, TAKE, takable } from '../rule.ts';
import type { Situation } from '../situation.ts';
import { ownerName, secondsText } from '../wording.ts';
import { END_HOLDER, heldFor } from './database.ts';

const is = { ...leases, renewalRefused };

/** Clause on why the lease is not renewed, and why no other worker takes the chat. */
function why(s: Situation): string {
  const refused = is.renewalRefused(s);
  return butFor(s) || (refused ? `: ${refusalText(refused)}` : '');
}

const severity = (s: Situation) => (is.leaseIsTheTrouble(s) ? 'CRITICAL' : 'WARNING');

export const heartbeatMissing = {
  code: 'HEARTBEAT_MISSING',
  severity,
  when: is.heartbeatMissing,
  says: (s) => `the runner of ${ownerName(s)} has no lease on it${why(s)}${orNoSlot(s)}`,
  evidence: (s) => [
    ...OWNERSHIP,
    ...takable(s),
    ...ofRunner(s, 'lease.ageSeconds', 'lease.consecutiveFailures', 'lease.lastError'),
  ],
  ...TAKE,
} as const satisfies Rule;

export const heartbeatStale = {
  code: 'HEARTBEAT_STALE',
  severity,
  when: is.heartbeatStale,
  says: (s) =>
    s.leaseAhead
      ? `the lease of ${ownerName(s)} is dated ahead of the database’s clock${whatOf(s)}`
      : `the lease of ${ownerName(s)} was not renewed for ${secondsText(s.database?.heartbeat?.ageSeconds)}, and was good for ${secondsText(s.staleAfterSeconds)}${why(s)}${orNoSlot(s)}`,
  evidence: (s) => [
    ...OWNERSHIP,
    ...takable(s),
    ...ofRunner(s, 'lease.ageSeconds', 'lease.staleAfterSeconds', 'lease.consecutiveFailures', 'lease.lastError'),
  ],
  ...TAKE,
} as const satisfies Rule;

const whatOf = (s: Situation) =>
  is.leaseKeepsOthersAway(s)
    ? `, and keeps other replicas away: whoever works on the chat would have dated it now`
    : ', and counts as run out';

export const leaseEndangered = {
  code: 'LEASE_ENDANGERED',
  severity: 'WARNING',
  when: is.leaseEndangered,
  says: (s) => `the lease of ${ownerName(s)} is renewed late, and may run out${whyLate(s)}`,
  evidence: (s) => [
    ...lease(s),
    ...(isLocked(s) ? ['database.trouble.rowLocked', 'database.trouble.rowLockedSeconds'] : []),
    ...[is.renewalRefused(s)?.path ?? []].flat(),
    ...ofRunner(s, 'lease.ageSeconds', 'lease.intervalSeconds', 'lease.staleAfterSeconds', 'lease.consecutiveFailures'),
    ...(s.runtime ? [`${s.runtime.path}.eventLoopDelayMs`] : []),
  ],
  who: OPERATOR,
  act: (s) => {
    if (isLocked(s)) return END_HOLDER;
    const refused = is.renewalRefused(s);
    return refused ? mending(refused) : `see whether ${ownerName(s)} is overloaded or cut off from the database`;
  },
  command: (s) => (isLocked(s) ? lookAtSnapshot(s) : lookAtReplicas()),
} as const satisfies Rule;

/** True if the row is locked. A holder of the row or its table blocks renewals as well. */
const isLocked = ({ database }: Situation) => database?.trouble?.rowLocked === true;

function whyLate(s: Situation): string {
  if (isLocked(s)) return `: another session holds the row or a table${heldFor(s)}`;
  const refused = is.renewalRefused(s);
  return refused ? `: ${refusalText(refused)}` : '';
}
