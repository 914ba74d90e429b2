/** Rules on the replica that the row names, and on a chat without one. */
import * as leases from '../conditions/lease.ts';
import * as is from '../conditions/owner.ts';
import { waitsInQueue } from '../conditions/ownTime.ts';
import { poolIsFull, poolOf } from '../conditions/pool.ts';
import { keptFromAll } from '../conditions/refusals.ts';
import { shouldHaveBeenPickedUp } from '../conditions/time.ts';
import { lookAgain, lookAtReplicas } from '../means/means.ts';
import { meansOf } from '../means/platforms.ts';
import { mending, refusalText } from '../refusal.ts';
import {
  butFor,
  OPERATOR,
  orNoSlot,
  pool,
  ROW,
  type Rule,
  reach,
  room,
  slotsTaken,
  takable,
  takeFromOwner,
  takeIt,
} from '../rule.ts';
import type { Situation } from '../situation.ts';
import { counted, ownerName, secondsText } from '../wording.ts';

/** True if a worker should have taken the chat by now. */
const isLate = (s: Situation) => (is.noOwner(s) ? is.leftAlone(s) : shouldHaveBeenPickedUp(s));
const withGrace = (s: Situation) => (isLate(s) ? 'CRITICAL' : 'INFO');
const orWait = (act: (s: Situation) => string) => (s: Situation) => (isLate(s) ? act(s) : 'wait');
const orNothing = (command: (s: Situation) => string) => (s: Situation) => (isLate(s) ? command(s) : null);
const gone = (s: Situation) => [
  ...[...ROW, ...reach(s), ...takable(s)],
  ...(s.owner === 'NOT_ASKED' ? ['database.trouble.ownerRow'] : []),
];
function toBeTaken(s: Situation): string {
  if (leases.leaseKeepsOthersAway(s)) return '';
  return shouldHaveBeenPickedUp(s) ? orNoSlot(s) : '; it waits for another worker to take it';
}

export const ownerUnknown = {
  code: 'OWNER_UNKNOWN',
  severity: (s) => (is.ownerMayBeUnseen(s) && isLate(s) ? 'WARNING' : withGrace(s)),
  when: is.ownerUnknown,
  says: (s) =>
    is.ownerMayBeUnseen(s)
      ? `${ownerName(s)} owns it, and has no row in the view \`replicas\`, so that nobody knows whether it works`
      : `${ownerName(s)} owns it, and no such replica is known${toBeTaken(s)}${butFor(s)}`,
  evidence: gone,
  who: OPERATOR,
  act: orWait((s) =>
    is.ownerMayBeUnseen(s) ? 'see whether that worker runs, and let it show itself' : takeFromOwner(s),
  ),
  command: orNothing((s) => (is.ownerMayBeUnseen(s) ? lookAtReplicas() : takeIt(s))),
} as const satisfies Rule;

export const ownerStopped = {
  code: 'OWNER_STOPPED',
  severity: withGrace,
  when: is.ownerStopped,
  says: (s) => `${ownerName(s)} owns it, and has stopped${toBeTaken(s)}${butFor(s)}`,
  evidence: gone,
  who: OPERATOR,
  act: orWait(takeFromOwner),
  command: orNothing(takeIt),
} as const satisfies Rule;

/** True if two replicas share one address, and neither ended a moment ago. */
const sharesAddress = (s: Situation) => is.addressTaken(s) && leases.leaseIsRenewed(s);

/** Setting to correct where it alone keeps a healthy owner from being asked. */
function setWrong(s: Situation): string | undefined {
  const { mend } = meansOf(s);
  if (sharesAddress(s)) return `${mend.address}, unless ${ownerName(s)} ended a moment ago: each needs its own`;
  if (is.addressNotAllowed(s)) return mend.allowedAddress;
  if (is.tokenRefused(s)) return `${mend.secret}, and see whether its clock is right`;
  return undefined;
}

export const ownerUnreachable = {
  code: 'OWNER_UNREACHABLE',
  severity: (s) => (leases.leaseIsNotFresh(s) ? 'CRITICAL' : 'WARNING'),
  when: is.ownerUnreachable,
  says: (s) =>
    sharesAddress(s)
      ? `${ownerName(s)} owns it and renews its lease, and another replica answers at its address`
      : `${ownerName(s)} owns it, and could not be asked (${s.owner})${butFor(s)}`,
  evidence: (s) => [
    ...[...ROW, ...reach(s), ...takable(s)],
    ...(s.runtime && is.addressTaken(s) ? [`${s.runtime.path}.localWorkerId`] : []),
  ],
  who: OPERATOR,
  act: (s) => {
    if (leases.leaseIsNotFresh(s)) return takeFromOwner(s);
    return setWrong(s) ?? 'ask again: once its lease has run out, a replica that is alive and has room takes it';
  },
  command: (s) => {
    if (leases.leaseIsNotFresh(s)) return takeIt(s);
    return setWrong(s) === undefined ? lookAgain(s) : lookAtReplicas();
  },
} as const satisfies Rule;

function fullOf(s: Situation): string {
  const [full, all] = [is.full(s).length, is.candidates(s).length];
  const since = is.withRoomLately(s).map(({ roomSeconds }) => roomSeconds ?? 0);
  const lately = since.length > 0 && `room came ${secondsText(Math.max(...since))} ago`;
  if (lately && full === 0) return lately;
  if (all === 1) return 'the one replica is full';
  const some = `${full} of ${all} replicas ${full === 1 ? 'is' : 'are'} full${andSilent(is.silent(s).length)}`;
  return lately ? `${some}, and ${lately}` : some;
}

function andSilent(count: number): string {
  if (count === 0) return '';
  return count === 1 ? ', and the other one does not answer' : ', and the others do not answer';
}

export const capacityWait = {
  code: 'CAPACITY_WAIT',
  severity: (s) => (is.longCapacityWait(s) ? 'WARNING' : 'INFO'),
  when: is.capacityWait,
  says: (s) => {
    if (waitsInQueue(s)) return 'it waits for its turn: its queue works on another one';
    return poolIsFull(s) ? `it waits for a slot: ${slotsTaken(s)}` : `it waits for room: ${fullOf(s)}`;
  },
  evidence: (s) => [...ROW, ...room(s), ...pool(s), ...(waitsInQueue(s) ? ['database.retryState'] : [])],
  who: OPERATOR,
  act: (s) => (waitsInQueue(s) ? 'wait' : meansOf(s).makeRoom.act(s)),
  command: (s) => (waitsInQueue(s) ? null : meansOf(s).makeRoom.command(s)),
} as const satisfies Rule;

export const noOwner = {
  code: 'NO_OWNER',
  severity: (s) => (is.waitIsNotKnown(s) || (is.mayWaitForSlot(s) && isLate(s)) ? 'WARNING' : withGrace(s)),
  when: is.notTaken,
  says: (s) => {
    if (is.waitIsNotKnown(s)) return `no worker has it, and its row does not tell since when${whyNot(s)}`;
    return is.leftAlone(s) ? `no worker has taken it${sinceWhen(s)}${whyNot(s)}` : 'it waits for a worker to take it';
  },
  evidence: (s) => [
    ...ROW,
    ...(is.undatedSeconds(s) === null ? [] : ['database.heartbeats']),
    ...(s.snapshot.candidates ? ['candidates', ...room(s)] : []),
    ...pool(s),
    ...(is.noRowAlive(s) ? ['database.trouble.liveReplicas'] : []),
    ...[keptFromAll(s)?.path ?? []].flat(),
  ],
  who: OPERATOR,
  act: orWait((s) => {
    const refused = keptFromAll(s);
    if (refused) return mending(refused);
    if (is.withRoom(s).length > 0) return 'see what keeps the replicas that have room from looking for work';
    return meansOf(s).getTaken.act(s);
  }),
  command: orNothing((s) => meansOf(s).getTaken.command(s)),
} as const satisfies Rule;

/** Clause on how long nobody has owned the chat. The row's age tells it only where both worker and runner are gone. */
function sinceWhen(s: Situation): string {
  const undated = is.undatedSeconds(s);
  if (undated !== null) return ` since its last lease was renewed, ${secondsText(undated)} ago`;
  return s.rowAhead || s.workerId !== null || s.runnerId !== null ? '' : ` for ${secondsText(s.age)}`;
}

function whyNot(s: Situation): string {
  if (!keptFromAll(s) && is.mayWaitForSlot(s)) {
    const { used, capacity } = poolOf(s) ?? { used: 0, capacity: 0 };
    return `, and whether a slot is free is not known: ${counted(used, 'chat')} hold one, and there should be ${capacity}`;
  }
  return `: ${whatKeeps(s)}`;
}

function whatKeeps(s: Situation): string {
  const refused = keptFromAll(s);
  if (refused) return refusalText(refused);
  const some = is.candidates(s).length;
  const free = is.withRoom(s).length;
  if (free > 0) return `${free} of ${some} live replicas ${free === 1 ? 'has' : 'have'} room, and none took it`;
  if (some > 0 && is.silent(s).length === some)
    return some === 1 ? 'the one live replica does not answer' : `none of ${some} live replicas answers`;
  if (s.platform === 'coder' && is.noRowAlive(s)) return 'no replica is alive';
  return poolOf(s) ? `there is room, ${slotsTaken(s)}` : meansOf(s).whyNotTaken(s);
}
