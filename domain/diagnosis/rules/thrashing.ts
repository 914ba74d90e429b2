/** The rule on a chat that live owners pass around. */
import { heldSeconds, isHeld } from '../conditions/held.ts';
import { formerOwners } from '../conditions/owners.ts';
import { losesLeaseTo } from '../conditions/refusals.ts';
import { isBeingInterrupted } from '../conditions/row.ts';
import { thrashing as isThrashing } from '../conditions/turn.ts';
import { lookAgain, lookAtReplicas } from '../means/means.ts';
import { mending, refusalText } from '../refusal.ts';
import { interrupt, lease, OPERATOR, type Rule } from '../rule.ts';
import type { Situation } from '../situation.ts';
import { counted, secondsText } from '../wording.ts';
import { ofOwners, timesOf } from './ownersLost.ts';

export const thrashing = {
  code: 'THRASHING',
  severity: (s) => (isHeld(s) ? 'WARNING' : 'CRITICAL'),
  when: isThrashing,
  says: (s) =>
    `its owner changed ${counted(formerOwners(s).length, 'time')} in the last ${sinceFirst(s)} without a committed step, and no owner died: ${howTheyLetGo(s)} after ${timesOf(formerOwners(s))}${butNow(s)}`,
  evidence: (s) => [
    ...['executionState', 'database.snapshotVersion', 'database.historyVersion'],
    ...ofOwners(formerOwners(s)),
    ...(isHeld(s) ? ['database.updatedAgeSeconds', ...lease(s)] : []),
    ...[losesLeaseTo(s)?.path ?? []].flat(),
  ],
  who: OPERATOR,
  act: (s) => {
    const refused = losesLeaseTo(s);
    if (refused) return `${mending(refused)}: each owner loses its lease to that`;
    if (isHeld(s)) return 'wait: the turn is to be interrupted only if this owner lets it go as well';
    if (allEnded(s, 'RELEASED')) return 'leave it to its owner: each new one begins the step anew';
    return isBeingInterrupted(s) ? SEE_WHY : `interrupt the turn, and give it to no other owner; then ${SEE_WHY}`;
  },
  command: (s) => {
    if (losesLeaseTo(s)) return lookAtReplicas();
    if (isHeld(s) || allEnded(s, 'RELEASED')) return lookAgain(s);
    return isBeingInterrupted(s) ? lookAtReplicas() : interrupt(s);
  },
} as const satisfies Rule;

const SEE_WHY =
  'see in the logs of these replicas why they let it go, and whether their clocks or lease settings differ';

type Ended = 'HANDED_OVER' | 'TAKEN_OVER' | 'RELEASED';
const allEnded = (s: Situation, how: Ended) => formerOwners(s).every(({ ended }) => ended === how);

const WAYS: Readonly<Record<Ended, string>> = {
  HANDED_OVER: 'they gave it up',
  TAKEN_OVER: 'others took it from them',
  RELEASED: 'somebody took it from them',
};
function howTheyLetGo(s: Situation): string {
  const [way] = Object.entries(WAYS).filter(([how]) => allEnded(s, how as Ended));
  return way?.[1] ?? 'it left them';
}

/** Time since the first of those owners ceased to hold the chat. */
function sinceFirst(s: Situation): string {
  const first = formerOwners(s).at(-1);
  return secondsText((first?.ageSeconds ?? 0) - (first?.seconds ?? 0));
}

function butNow(s: Situation): string {
  const refused = losesLeaseTo(s);
  if (refused) return `: ${refusalText(refused)}`;
  const held = heldSeconds(s);
  return held === null ? '' : `, and its present owner has held it for ${secondsText(held)}`;
}
