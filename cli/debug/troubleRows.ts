/** Trouble that keeps workers from a chat, as far as the database can tell, as rows of a name and a text. */
import { secondsText } from '../../domain/diagnosis/wording.ts';
import { type Row, slotsText, UNREADABLE } from './layout.ts';
import type { DatabaseHalf } from './snapshotShape.ts';

type Trouble = NonNullable<DatabaseHalf['trouble']>;

/** Rows on the trouble; none if there is none, or if it was not looked for. */
export function troubleRows(trouble: DatabaseHalf['trouble'], isUnreadable: boolean): Row[] {
  if (!trouble) return isUnreadable ? [['trouble', UNREADABLE]] : [];
  const { canWrite, isInRecovery, rowLocked, ownerRow, pool } = trouble;
  const rows: (Row | false)[] = [
    canWrite === false && ['database', isInRecovery ? 'a standby, which takes no writes' : 'takes no writes'],
    rowLocked === true && ['row', `held by ${holder(trouble)}`],
    pool !== null && ['slots', slotsText(pool)],
    ownerRow !== null && ownerRow !== 'ALIVE' && ['owner row', OWNER_ROWS[ownerRow] ?? ownerRow],
  ];
  return rows.filter((row) => row !== false);
}

const OWNER_ROWS: Readonly<Record<string, string>> = {
  STALE: 'not renewed in time',
  STOPPED: 'the replica has stopped in order',
  MISSING: 'there is no such replica',
};

/** Holder of the lock, as far as the caller may see it. */
function holder({ lockedBy, rowLockedSeconds, rowAwaited }: Trouble): string {
  const since = lockedBy?.transactionSeconds ?? rowLockedSeconds;
  const who = [
    lockedBy?.applicationName ? `session “${lockedBy.applicationName}”` : 'another session',
    lockedBy?.processId && `process ${lockedBy.processId}`,
    lockedBy?.state,
    lockedBy?.waitingFor && `waiting for ${lockedBy.waitingFor}`,
    since === null ? undefined : `its transaction began ${secondsText(since)} ago`,
  ];
  return `${who.filter(Boolean).join(', ')}${rowAwaited ? ', and somebody waits for it' : ''}`;
}
