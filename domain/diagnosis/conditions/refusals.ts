/** Refusals of the database that workers report. */
import { MANY_BREAK_OFFS, MANY_FAILED_RENEWALS } from '../limits.ts';
import { over, type Situation } from '../situation.ts';
import { WAIT_SECONDS } from './database.ts';
import { leaseIsNotFresh } from './lease.ts';
import { noOwner, withRoom } from './owner.ts';
import type { Condition } from './time.ts';

export interface DatabaseRefusal {
  /** Name of a failure, or an SQLSTATE. */
  readonly word: string;
  /** Path of the report in the snapshot. */
  readonly path: string;
}

/** SQLSTATE without a name: the statement or its data are refused, whoever tries. */
const SQLSTATE = /^[0-9A-Z]{5}$/;

const refusal = (word: string | null | undefined, path: string): DatabaseRefusal | undefined =>
  word ? { word, path } : undefined;

/** Refusal that a replica met when it tried to take this chat. */
function takingRefused({ snapshot, chatId }: Situation): DatabaseRefusal | undefined {
  for (const [i, { refusedChats }] of (snapshot.candidates ?? []).entries()) {
    const place = refusedChats?.findIndex((chat) => chat.chatId === chatId) ?? -1;
    const found = refusal(refusedChats?.[place]?.reason, `candidates[${i}].refusedChats[${place}].reason`);
    if (found) return found;
  }
  return undefined;
}

/** Refusal that keeps every replica with room from looking for chats. */
function lookingRefused(s: Situation): DatabaseRefusal | undefined {
  const able = withRoom(s);
  const [first] = able;
  if (!first || able.some(({ acquisitionError }) => acquisitionError === null)) return undefined;
  return refusal(first.acquisitionError, `candidates[${s.snapshot.candidates?.indexOf(first)}].acquisitionError`);
}

/** Refusal of the owner's last renewal. */
export const renewalRefused = ({ rowRunner }: Situation): DatabaseRefusal | undefined =>
  refusal(rowRunner?.value.lease?.lastError, `${rowRunner?.path}.lease.lastError`);

/** Refusal of the row, and not of the owner: another owner would meet it as well. */
function rowRefused(s: Situation): DatabaseRefusal | undefined {
  const refused = renewalRefused(s);
  return refused && SQLSTATE.test(refused.word) ? refused : undefined;
}

/** Refusal that is about to cost the owner its lease. A single failure may pass. */
export const losesLeaseTo = (s: Situation): DatabaseRefusal | undefined =>
  over(s.rowRunner?.value.lease?.consecutiveFailures, MANY_FAILED_RENEWALS - 1) ? renewalRefused(s) : rowRefused(s);

/** Refusal that keeps every worker from a chat that each may take; undefined: none is known. */
const cannotBeTaken = (s: Situation): DatabaseRefusal | undefined =>
  noOwner(s) || leaseIsNotFresh(s) ? (takingRefused(s) ?? lookingRefused(s) ?? rowRefused(s)) : undefined;

/** Failures of one replica perhaps: another one may be spared. */
const OF_ONE_REPLICA = ['CONNECTION_LOST', 'TIMED_OUT', 'TOO_MANY_CONNECTIONS', 'ACCESS_DENIED'];

/** Refusal that keeps every worker from going on with the chat, whoever has it; undefined: none is known. */
export function keptFromAll(s: Situation): DatabaseRefusal | undefined {
  const refused = callRefused(s);
  return cannotBeTaken(s) ?? (refused && !OF_ONE_REPLICA.includes(refused.word) ? refused : undefined);
}

/** True if the task waits for a database that will not recover by itself. */
export const waitsInVain: Condition = ({ task }) =>
  over(task?.waitsForDatabaseSeconds, WAIT_SECONDS) && NEEDS_SOMEBODY.includes(task?.databaseError ?? '');
const NEEDS_SOMEBODY = ['DISK_FULL', 'OUT_OF_RESOURCES', 'SERVER_IO', 'TOO_MANY_CONNECTIONS', 'ACCESS_DENIED'];

/** Refusal for which the task waits for the database. */
export const callRefused = ({ rowRunner, task }: Situation): DatabaseRefusal | undefined =>
  refusal(task?.databaseError, `${rowRunner?.path}.activeTask.databaseError`);

/** Refusal on which the task broke off again and again. Repeating the same helps nobody. */
export function writeRefused({ rowRunner, task }: Situation): DatabaseRefusal | undefined {
  const word = task?.lastBreakOff ?? '';
  if (!over(task?.breakOffs, MANY_BREAK_OFFS - 1) || !SQLSTATE.test(word)) return undefined;
  return refusal(word, `${rowRunner?.path}.activeTask.lastBreakOff`);
}
