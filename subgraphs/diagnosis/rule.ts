/** One row of the table of rules, and the words and paths that rules share. */

import { leaseIsNotFresh } from './conditions/lease.ts';
import { candidates, full } from './conditions/owner.ts';
import { keptFromAll } from './conditions/refusals.ts';
import type { Severity } from './diagnosis.ts';
import { mending, refusalText } from './refusal.ts';
import type { Situation } from './situation.ts';

export interface Rule<Code extends string = string> {
  readonly code: Code;
  readonly severity: Severity | ((s: Situation) => Severity);
  readonly when: (s: Situation) => boolean;
  /** Found only where nothing else is. */
  readonly alone?: true;
  /** What it is, as a clause. */
  readonly says: (s: Situation) => string;
  /** Paths in the snapshot. */
  readonly evidence: (s: Situation) => readonly string[];
  /** Whose move it is: as the subject of a sentence. */
  readonly who: string | ((s: Situation) => string);
  /** What they should do: one step, as the predicate of that sentence. */
  readonly act: (s: Situation) => string;
  /** The command for it. Null: nothing needs to be done. */
  readonly command: (s: Situation) => string | null;
}

export const OPERATOR = 'an operator';
export const PERSON = 'the person';
export const OUTSIDE = 'the tool outside';

export const chat =
  (command: string, more = '') =>
  (s: Situation): string =>
    `npm run chat -- ${command} ${s.chatId}${more && ` ${more}`}`;
export const release = chat('release');
export const interrupt = chat('interrupt');
export const sendAgain = chat('send', '"Please go on"');
export const lookAtReplicas = () => 'npm run chat-debug -- replicas';
export const lookAgain = (s: Situation) => `npm run chat-debug -- why ${s.chatId}`;
export const lookAtSnapshot = (s: Situation) => `npm run chat-debug -- snapshot ${s.chatId}`;

export const owner = (s: Situation) => (s.workerId === null ? 'its former owner' : `replica ${s.workerId}`);

/** Whoever took it from its owner would find no room for it. */
const noRoom = (s: Situation) =>
  leaseIsNotFresh(s) && candidates(s).length > 0 && full(s).length === candidates(s).length;
/** As the predicate of a sentence on an operator. */
export function takeFromOwner(s: Situation): string {
  const refused = keptFromAll(s);
  if (refused) return `${mending(refused)}: no worker can go on with it until then`;
  if (noRoom(s)) return 'start a replica: none that is alive has room for it';
  return `take it from ${owner(s)}, so that another goes on`;
}
/** The command for it. */
export const takeIt = (s: Situation) => (keptFromAll(s) || noRoom(s) ? lookAtReplicas() : release(s));
/** What keeps every worker from it, as a clause at the end of a sentence. */
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
const MOST_SHOWN = 5;
/** What replicas that could take the chat say of their room. */
export const room = ({ snapshot }: Situation) =>
  (snapshot.candidates ?? [])
    .slice(0, MOST_SHOWN)
    .flatMap((_, i) => ['workerId', 'reachability.status', 'isFull'].map((field) => `candidates[${i}].${field}`));
/** What speaks for whether it can be taken from its owner. */
export const takable = (s: Situation) => [
  ...lease(s),
  ...(noRoom(s) ? room(s) : []),
  ...[keptFromAll(s)?.path ?? []].flat(),
];

/** Fields of the runner that the row names. */
export const ofRunner = (s: Situation, ...fields: string[]) =>
  s.rowRunner ? fields.map((field) => `${s.rowRunner?.path}.${field}`) : [];
export const runners = (list: Situation['runners']) =>
  list.flatMap(({ path }) => [`${path}.runnerId`, `${path}.phase`]);
