/** What the database refuses workers, by what they say of it themselves. */
import { over, type Situation } from '../situation.ts';
import { WAIT_SECONDS } from './database.ts';
import { leaseIsNotFresh } from './lease.ts';
import { noOwner, withRoom } from './owner.ts';
import type { Condition } from './time.ts';

export interface Refusal {
  /** A name of a failure, or an SQLSTATE. */
  readonly word: string;
  /** Where it stands in the snapshot. */
  readonly path: string;
}

/** One that has no name: the statement or its data are refused, for whoever tries. */
const SQLSTATE = /^[0-9A-Z]{5}$/;

const refusal = (word: string | null | undefined, path: string): Refusal | undefined =>
  word ? { word, path } : undefined;

/** A replica tried to take this chat in vain. */
function takingRefused({ snapshot, chatId }: Situation): Refusal | undefined {
  for (const [i, { refusedChats }] of (snapshot.candidates ?? []).entries()) {
    const place = refusedChats?.findIndex((chat) => chat.chatId === chatId) ?? -1;
    const found = refusal(refusedChats?.[place]?.reason, `candidates[${i}].refusedChats[${place}].reason`);
    if (found) return found;
  }
  return undefined;
}

/** None of the replicas with room can so much as look for chats. */
function lookingRefused(s: Situation): Refusal | undefined {
  const able = withRoom(s);
  const [first] = able;
  if (!first || able.some(({ acquisitionError }) => acquisitionError === null)) return undefined;
  return refusal(first.acquisitionError, `candidates[${s.snapshot.candidates?.indexOf(first)}].acquisitionError`);
}

/** The owner's last renewal failed. */
export const renewalRefused = ({ rowRunner }: Situation): Refusal | undefined =>
  refusal(rowRunner?.value.lease?.lastError, `${rowRunner?.path}.lease.lastError`);

/** The row was refused, and not the owner: another one would be refused as well. */
function rowRefused(s: Situation): Refusal | undefined {
  const refused = renewalRefused(s);
  return refused && SQLSTATE.test(refused.word) ? refused : undefined;
}

const MANY_FAILED_RENEWALS = 2;
/** What the owner is about to lose its lease to: what fails once may pass. */
export const losesLeaseTo = (s: Situation): Refusal | undefined =>
  over(s.rowRunner?.value.lease?.consecutiveFailures, MANY_FAILED_RENEWALS - 1) ? renewalRefused(s) : rowRefused(s);

/** Why no worker can take a chat that each of them may take. Undefined: nothing is known of it. */
const cannotBeTaken = (s: Situation): Refusal | undefined =>
  noOwner(s) || leaseIsNotFresh(s) ? (takingRefused(s) ?? lookingRefused(s) ?? rowRefused(s)) : undefined;

/** Failures that may be those of one replica: another one may have no such trouble. */
const OF_ONE_REPLICA = ['CONNECTION_LOST', 'TIMED_OUT', 'TOO_MANY_CONNECTIONS', 'ACCESS_DENIED'];

/** Why no worker could go on with the chat, whoever has it. Undefined: nothing is known of it. */
export function keptFromAll(s: Situation): Refusal | undefined {
  const refused = callRefused(s);
  return cannotBeTaken(s) ?? (refused && !OF_ONE_REPLICA.includes(refused.word) ? refused : undefined);
}

/** The task waits for a database that will not come round by itself. */
export const waitsInVain: Condition = ({ task }) =>
  over(task?.waitsForDatabaseSeconds, WAIT_SECONDS) && NEEDS_SOMEBODY.includes(task?.databaseError ?? '');
const NEEDS_SOMEBODY = ['DISK_FULL', 'OUT_OF_RESOURCES', 'SERVER_IO', 'TOO_MANY_CONNECTIONS', 'ACCESS_DENIED'];

/** Why the task waits for the database. */
export const callRefused = ({ rowRunner, task }: Situation): Refusal | undefined =>
  refusal(task?.databaseError, `${rowRunner?.path}.activeTask.databaseError`);

const MANY_BREAK_OFFS = 3;
/** What the task broke off with again and again, if the database refused it: to do the same again helps nobody. */
export function writeRefused({ rowRunner, task }: Situation): Refusal | undefined {
  const word = task?.lastBreakOff ?? '';
  if (!over(task?.breakOffs, MANY_BREAK_OFFS - 1) || !SQLSTATE.test(word)) return undefined;
  return refusal(word, `${rowRunner?.path}.activeTask.lastBreakOff`);
}
