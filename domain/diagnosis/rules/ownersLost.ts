/** The rule on a chat that owner after owner took, began and lost. */
import { heldSeconds, isHeld, notYetRenewed } from '../conditions/held.ts';
import { ownersLostAtStep, ownersThatBegan, ownersTold, type PastOwner } from '../conditions/owners.ts';
import { losesLeaseTo } from '../conditions/refusals.ts';
import * as is from '../conditions/turn.ts';
import { RECENT_OWNERS } from '../limits.ts';
import { lookAgain, lookAtReplicas } from '../means/means.ts';
import { mending, refusalText } from '../refusal.ts';
import { interrupt, lease, OPERATOR, ofRunner, type Rule } from '../rule.ts';
import type { Situation } from '../situation.ts';
import { counted, listed, secondsText } from '../wording.ts';

export const BEGUN = [
  ...['executionState', 'database.generationAttempt', 'database.retryState'],
  ...['database.retryStateVersion', 'database.historyVersion'],
];
export const begun = (s: Situation) => counted(s.database?.generationAttempt ?? 0, 'attempt');

export const ownersLost = {
  code: 'OWNERS_LOST',
  severity: (s) => (is.manyOwnersLost(s) && !isHeld(s) ? 'CRITICAL' : 'WARNING'),
  when: is.ownersLost,
  says: (s) => `${begun(s)} of this step were begun by ${byWhom(s)} and none ended: ${outcome(s)}`,
  evidence: (s) => [
    ...BEGUN,
    ...(ownersTold(s) ? ofOwners(ownersLostAtStep(s)) : ['database.heartbeats']),
    ...(isHeld(s) ? ['database.updatedAgeSeconds', ...lease(s)] : []),
    ...(isHeld(s) || (is.manyOwnersLost(s) && notYetRenewed(s)) ? ofRunner(s, 'uptimeSeconds') : []),
    ...[losesLeaseTo(s)?.path ?? []].flat(),
  ],
  who: OPERATOR,
  act: (s) => {
    const refused = losesLeaseTo(s);
    if (refused) return `${mending(refused)}: each owner loses its lease to that`;
    if (isHeld(s)) return 'wait: the turn is to be interrupted only if this owner is lost as well';
    if (!is.manyOwnersLost(s))
      return 'see whether replicas end or lose their leases, and interrupt the turn if it is this chat alone';
    return notYetRenewed(s)
      ? `look again in ${secondsText(s.intervalSeconds)}, and interrupt the turn unless the database refuses its lease by then`
      : 'interrupt the turn, and give it to no other owner: the next would be lost at it as well';
  },
  command: (s) => {
    if (isHeld(s)) return lookAgain(s);
    if (losesLeaseTo(s) || !is.manyOwnersLost(s)) return lookAtReplicas();
    return notYetRenewed(s) ? lookAgain(s) : interrupt(s);
  },
} as const satisfies Rule;

/** Paths that tell how long owners held the chat, and what became of them. */
export const ofOwners = (owners: readonly PastOwner[]) =>
  owners.flatMap(({ path }) => ['workerId', 'seconds', 'ended', 'ownerRow'].map((field) => `${path}.${field}`));

/** Times for which owners held the chat, the first owner first. */
export const timesOf = (owners: readonly PastOwner[]) =>
  listed(owners.map(({ seconds }) => secondsText(seconds)).reverse());

function byWhom(s: Situation): string {
  if (!ownersTold(s)) return 'several runners';
  const owners = ownersThatBegan(s);
  const isMore = owners === RECENT_OWNERS && (s.database?.generationAttempt ?? 0) > owners;
  return `${isMore ? 'at least ' : ''}${counted(owners, 'owner')}`;
}

/** Clause on the time after which owners were lost, where the history tells it. */
const after = (s: Situation): string => (ownersTold(s) ? `, after ${timesOf(ownersLostAtStep(s))}` : '');

/** Clause on the present owner. If it cannot renew its lease, the earlier ones could not, either. */
function outcome(s: Situation): string {
  const refused = losesLeaseTo(s);
  if (refused) return `its owners end at it, or lose it: ${refusalText(refused)}`;
  const held = heldSeconds(s);
  return held === null
    ? `its owners end at it, or lose it${after(s)}`
    : `its owners ended at it, or lost it${after(s)}, and its present owner has held it for ${secondsText(held)}`;
}
