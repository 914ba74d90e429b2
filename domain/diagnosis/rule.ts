/** One rule of the diagnosis, and the words and paths that rules share. */

import { leaseIsNotFresh, leaseKeepsOthersAway } from './conditions/lease.ts';
import { noRoom } from './conditions/owner.ts';
import { poolIsFull, poolOf } from './conditions/pool.ts';
import { keptFromAll } from './conditions/refusals.ts';
import type { Severity } from './diagnosis.ts';
import { lookAtReplicas } from './means/means.ts';
import { meansOf } from './means/platforms.ts';
import { mending, refusalText } from './refusal.ts';
import type { Situation } from './situation.ts';
import { counted } from './wording.ts';

export interface Rule<Code extends string = string> {
  readonly code: Code;
  readonly severity: Severity | ((s: Situation) => Severity);
  readonly when: (s: Situation) => boolean;
  /** Present on a rule that counts only where no other applies. */
  readonly alone?: true;
  /** The finding, as a clause. */
  readonly says: (s: Situation) => string;
  /** Paths in the snapshot. */
  readonly evidence: (s: Situation) => readonly string[];
  /** Person or role whose move it is, as the subject of a sentence. */
  readonly who: string | ((s: Situation) => string);
  /** One step for them, as the predicate of that sentence. */
  readonly act: (s: Situation) => string;
  /** Command for the step. Null: nobody has to act. */
  readonly command: (s: Situation) => string | null;
}

export const OPERATOR = 'an operator';
export const PERSON = 'the person';
export const OUTSIDE = 'the tool outside';

export const interrupt = (s: Situation) => meansOf(s).interrupt(s);
export const sendAgain = (s: Situation) => meansOf(s).send(s);
export const edit = (s: Situation) => meansOf(s).edit(s);
export const show = (s: Situation) => meansOf(s).show(s);
export const answer = (s: Situation) => meansOf(s).answer(s);
export const reconcile = (s: Situation) => meansOf(s).reconcile(s);
/** Step that takes the chat from its owner, as the predicate of a sentence on an operator. */
export function takeFromOwner(s: Situation): string {
  const refused = keptFromAll(s);
  return refused ? `${mending(refused)}: no worker can go on with it until then` : meansOf(s).newOwner.act(s);
}
/** Command that takes the chat from its owner. */
export const takeIt = (s: Situation) => (keptFromAll(s) ? lookAtReplicas() : meansOf(s).newOwner.command(s));
/** Advice to an operator to take the chat from its owner. */
export const TAKE = { who: OPERATOR, act: takeFromOwner, command: takeIt } as const;
/** Clause at the end of a sentence on what keeps every worker from the chat; empty if nothing does. */
export function butFor(s: Situation): string {
  const refused = keptFromAll(s);
  return refused ? `, and no worker can go on with it: ${refusalText(refused)}` : '';
}

export const OWNERSHIP = ['database.workerId', 'database.runnerId'];
export const ROW = ['executionState', ...OWNERSHIP, 'database.updatedAgeSeconds'];
export const reach = (s: Situation) =>
  s.runtime ? [`${s.runtime.path}.reachability.status`, `${s.runtime.path}.reachability.reason`] : [];
export const lease = (s: Situation) => [
  'database.heartbeatState',
  ...(s.database?.heartbeat ? ['database.heartbeat.ageSeconds', 'database.heartbeat.staleAfterSeconds'] : []),
];
/** Seconds for which the lease still keeps others from the chat. */
export const leaseLasts = (s: Situation) => s.staleAfterSeconds - (s.database?.heartbeat?.ageSeconds ?? 0);
const MOST_SHOWN = 5;
/** Paths of the room that candidates report. */
export const room = ({ snapshot }: Situation) =>
  (snapshot.candidates ?? []).slice(0, MOST_SHOWN).flatMap(({ isFull, roomSeconds }, i) => {
    const since = isFull === false && roomSeconds !== null ? ['roomSeconds'] : [];
    return ['workerId', 'reachability.status', 'isFull', ...since].map((field) => `candidates[${i}].${field}`);
  });
/** Paths of the slots taken and in all. */
export const pool = (s: Situation) =>
  poolOf(s) ? ['kind', 'used', 'capacity'].map((field) => `database.trouble.pool.${field}`) : [];
/** Paths that tell whether the chat can be taken from its owner. */
export const takable = (s: Situation) => [
  ...lease(s),
  ...(leaseIsNotFresh(s) && noRoom(s) ? room(s) : []),
  ...(leaseIsNotFresh(s) && poolIsFull(s) ? pool(s) : []),
  ...[keptFromAll(s)?.path ?? []].flat(),
];

const KINDS: Readonly<Record<string, string>> = {
  ROOT: ' for chats without a parent',
  SUBAGENT: ' for chats that another chat started',
};
/** Clause on the slots taken. */
export function slotsTaken(s: Situation): string {
  const { kind, used, capacity } = poolOf(s) ?? { kind: null, used: 0, capacity: 0 };
  return `${used} of ${counted(capacity, 'slot')}${KINDS[kind ?? ''] ?? ''} ${used === 1 ? 'is' : 'are'} taken`;
}
/** Clause on what keeps others from a chat that its owner has lost. */
export const orNoSlot = (s: Situation) =>
  leaseIsNotFresh(s) && poolIsFull(s) && !leaseKeepsOthersAway(s)
    ? `; another takes it once a slot is free: ${slotsTaken(s)}`
    : '';

/** Paths of fields of the runner that the row names. */
export const ofRunner = (s: Situation, ...fields: string[]) =>
  s.rowRunner ? fields.map((field) => `${s.rowRunner?.path}.${field}`) : [];
export const runners = (list: Situation['runners']) =>
  list.flatMap(({ path }) => [`${path}.runnerId`, `${path}.phase`]);
