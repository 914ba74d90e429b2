/** Conditions on whether the present owner keeps the chat that owners before it lost. */
import { over, type Situation } from '../situation.ts';
import { losesLeaseTo } from './refusals.ts';
import type { Condition } from './time.ts';

/** Since the row changed, or since the runner began at the attempt that the row has. A change of the queue dates the row anew. */
function timesHeld({ age, rowRunner, task, database }: Situation): (number | null)[] {
  const isAtIt = task?.kind === 'GENERATION' && task.attempt === database?.generationAttempt && task.breakOffs === 0;
  return [age, isAtIt ? (rowRunner?.value.uptimeSeconds ?? null) : null];
}

/**
 * Seconds for which the present owner has held it, once it has renewed its lease after more of them than a lease is good
 * for. Null: it has not, or may be about to lose it.
 */
export function heldSeconds(s: Situation): number | null {
  const leased = s.database?.heartbeat?.ageSeconds ?? null;
  if (s.lease !== 'FRESH' || leased === null || losesLeaseTo(s) || (s.owner === 'OK' && !s.rowRunner)) return null;
  const held = timesHeld(s).filter((seconds) => seconds !== null && over(seconds - leased, s.staleAfterSeconds));
  return held.reduce((most, seconds) => (over(seconds, most ?? 0) ? seconds : most), null);
}
export const isHeld: Condition = (s) => heldSeconds(s) !== null;

/** It is too soon for the present owner to have renewed its lease, so that what would refuse that has not shown. */
export const notYetRenewed: Condition = (s) =>
  s.lease === 'FRESH' &&
  s.owner === 'OK' &&
  !losesLeaseTo(s) &&
  s.rowRunner !== undefined &&
  !over(s.rowRunner.value.uptimeSeconds, s.intervalSeconds);
