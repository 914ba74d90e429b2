/** Conditions on whether the present owner keeps the chat that earlier owners lost. */
import { over, type Situation } from '../situation.ts';
import { losesLeaseTo } from './refusals.ts';
import type { Condition } from './time.ts';

/**
 * Seconds since the row changed, and since the runner began the row's present attempt. A change of the queue dates the
 * row anew.
 */
function timesHeld({ age, rowRunner, task, database }: Situation): (number | null)[] {
  const isAtIt = task?.kind === 'GENERATION' && task.attempt === database?.generationAttempt && task.breakOffs === 0;
  return [age, isAtIt ? (rowRunner?.value.uptimeSeconds ?? null) : null];
}

/**
 * Seconds for which the present owner has held the chat; null before it has renewed its lease past a lease's length.
 * Null, too, if it may be about to lose the lease.
 */
export function heldSeconds(s: Situation): number | null {
  const leased = s.database?.heartbeat?.ageSeconds ?? null;
  if (s.lease !== 'FRESH' || leased === null || losesLeaseTo(s) || (s.owner === 'OK' && !s.rowRunner)) return null;
  const held = timesHeld(s).filter((seconds) => seconds !== null && over(seconds - leased, s.staleAfterSeconds));
  return held.reduce((most, seconds) => (over(seconds, most ?? 0) ? seconds : most), null);
}
export const isHeld: Condition = (s) => heldSeconds(s) !== null;

/** True while it is too soon for a first renewal of the lease, so that a refusal cannot have shown yet. */
export const notYetRenewed: Condition = (s) =>
  s.lease === 'FRESH' &&
  s.owner === 'OK' &&
  !losesLeaseTo(s) &&
  s.rowRunner !== undefined &&
  !over(s.rowRunner.value.uptimeSeconds, s.intervalSeconds);
