/** Rules on what keeps workers from the row. */
import * as is from '../conditions/database.ts';
import { lookAtReplicas, lookAtSnapshot } from '../means/means.ts';
import { OPERATOR, ofRunner, ROW, type Rule } from '../rule.ts';
import type { Situation } from '../situation.ts';
import { ownerName, secondsText } from '../wording.ts';

export const END_HOLDER = 'end the session that holds it: with the role, lockedBy of trouble says which';
const waits = (s: Situation) => ofRunner(s, ...(s.task ? ['activeTask.waitsForDatabaseSeconds'] : []));

export const databaseReadOnly = {
  code: 'DATABASE_READ_ONLY',
  severity: 'CRITICAL',
  when: is.databaseReadOnly,
  says: () => 'the database takes no writes, so that no worker can do anything',
  evidence: (s) => [...ROW, 'database.trouble.canWrite', 'database.trouble.isInRecovery', ...waits(s)],
  who: OPERATOR,
  act: () =>
    'make the database writable: see default_transaction_read_only, and whether workers reach the primary server',
  command: lookAtReplicas,
} as const satisfies Rule;

export const rowLocked = {
  code: 'ROW_LOCKED',
  severity: (s) => (is.rowIsNeeded(s) ? 'CRITICAL' : 'WARNING'),
  when: is.rowLocked,
  says: (s) => `another session holds the row or its table${heldFor(s)}, and ${whoWaits(s)}`,
  evidence: (s) => [...ROW, ...LOCK, ...waits(s)],
  who: OPERATOR,
  act: () => END_HOLDER,
  command: lookAtSnapshot,
} as const satisfies Rule;

const LOCK = ['rowLocked', 'rowLockedSeconds', 'rowAwaited'].map((field) => `database.trouble.${field}`);

function whoWaits(s: Situation): string {
  if (is.nobodyHasIt(s) || is.workerWaits(s)) return 'a worker waits for it';
  return is.rowIsNeeded(s) ? 'somebody waits to write to it' : `${ownerName(s)} cannot write to it until then`;
}

export function heldFor({ database }: Situation): string {
  const seconds = database?.trouble?.rowLockedSeconds ?? null;
  return seconds === null ? '' : ` in a transaction that began ${secondsText(seconds)} ago`;
}
