/** Meaning of a failed statement for the database, and whether it can succeed later. Pure. */
import { databaseFailure } from '../../../domain/databaseFailures.ts';

/**
 * Codes of the system, of names and of TLS for a missing or broken connection. A machine that is out of files or ports is told by
 * them as well. No SQLSTATE has their form.
 */
const CONNECTION = /^(E[A-Z]{4,}|EAI_\w+|ERR_(SSL|TLS|STREAM|SOCKET)_\w+|UNABLE_TO_\w+|\w*CERT\w*)$/;
const DRIVER = /^(Connection terminated|Client (was closed|has encountered)|timeout exceeded|Query read timeout)/;

const codeOf = (error: unknown): string => String(partOf(error, 'code') ?? '');

/** Part of an error of the driver, as the server sent it. */
const partOf = (error: unknown, name: 'code' | 'routine' | 'severity'): unknown =>
  typeof error === 'object' && error !== null ? (error as Partial<Record<typeof name, unknown>>)[name] : undefined;

const known = (error: unknown): string | undefined => {
  const code = codeOf(error);
  const name = databaseFailure(code)?.name;
  if (name !== undefined || code !== '') return name ?? (CONNECTION.test(code) ? 'CONNECTION_LOST' : undefined);
  return error instanceof Error && DRIVER.test(error.message) ? 'CONNECTION_LOST' : undefined;
};

/** True if the database takes no writes: by a setting, or as a standby. */
export const isReadOnly = (error: unknown): boolean => codeOf(error) === '25006';

/**
 * SQLSTATEs after which another connection may do better, by their beginnings.
 *
 * - The session is over, or none was let in.
 * - The database takes no writes here: another connection may lead to the primary.
 * - A prepared statement is unknown to the server behind a pooler.
 */
const OF_THE_CONNECTION = /^(08|25006|25P0[34]|28|3D|53300|57P|26)/;
/** Routine of the server that finds a prepared statement older than its tables. Its code, 0A000, is that of much else. */
const STALE_STATEMENT = 'RevalidateCachedQuery';

/** True if this connection is not to be used again. The failed statement is not repeated for that. */
export const isOfConnection = (error: unknown): boolean =>
  OF_THE_CONNECTION.test(codeOf(error)) || partOf(error, 'routine') === STALE_STATEMENT;

/** True if the driver gave the server up: whatever else is asked on the connection waits as long for nothing. */
export const isUnanswered = (error: unknown): boolean =>
  partOf(error, 'severity') === undefined && known(error) === 'CONNECTION_LOST';

/** True if the server refused the statement and no more: the connection is as good as before. */
export const isRefusal = (error: unknown): boolean => {
  const severity = partOf(error, 'severity');
  if (severity === undefined || severity === 'FATAL' || severity === 'PANIC') return false; // where words are in another language, the code tells
  return !isOfConnection(error);
};

/** True if somebody holds a lock that the statement needed. */
export const isLocked = (error: unknown): boolean => codeOf(error) === '55P03';

/** True if the cause lies outside of the statement and may pass. False: the same statement fails again. */
export const mayPass = (error: unknown): boolean => known(error) !== undefined;

/** Failures that may pass, and that one bad row can cause as well as the whole database. */
const OF_ONE_ROW: readonly string[] = [
  ...['LOCKED', 'DEADLOCK', 'TIMED_OUT', 'SERVER_IO', 'CONFLICT'],
  ...['DISK_FULL', 'OUT_OF_RESOURCES'],
];

/** True if the failure may pass, and may be one row's alone: others may succeed meanwhile. */
export const mayBeOfOneRow = (error: unknown): boolean => OF_ONE_ROW.includes(known(error) ?? '');

/** True if the failure says nothing of a row: others would fail as well. */
export const isOfAll = (error: unknown): boolean => mayPass(error) && !mayBeOfOneRow(error);

/** True for the names of failures that took a long time. A similar statement would take as long. */
export const isNameOfLong = (name: string | null): boolean => name === 'LOCKED' || name === 'TIMED_OUT';

/** True if the statement failed for the time that it took. */
export const tookLong = (error: unknown): boolean => isNameOfLong(known(error) ?? null);

/** One word without content: the name of the failure, else the code, else the error's class. */
export function failureName(error: unknown): string {
  return known(error) ?? (codeOf(error) || (error instanceof Error ? error.name : 'Error'));
}
