/** What a failed statement says of the database, and whether the same statement can succeed later. Pure. */

/** Node's and the driver's words for a connection that is not there, or broke. */
const CONNECTION = /^(ECONN\w+|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/;
const DRIVER = /^(Connection terminated|Client (was closed|has encountered)|timeout exceeded|Query read timeout)/;

/** SQLSTATEs, or the first characters of several, and the word that a person reads for them. */
const NAMES: readonly (readonly [code: string, name: string])[] = [
  ['25006', 'READ_ONLY'],
  ['55P03', 'LOCKED'],
  ['40P01', 'DEADLOCK'],
  ['57014', 'TIMED_OUT'],
  ['53100', 'DISK_FULL'],
  ['53300', 'TOO_MANY_CONNECTIONS'],
  ['53', 'OUT_OF_RESOURCES'],
  ['28', 'ACCESS_DENIED'],
  ['08', 'CONNECTION_LOST'],
  ['57P', 'CONNECTION_LOST'],
  ['25P03', 'CONNECTION_LOST'],
  ['58', 'SERVER_IO'],
  ['40', 'CONFLICT'],
];

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';

const known = (error: unknown): string | undefined => {
  const code = codeOf(error);
  const name = NAMES.find(([start]) => code.startsWith(start))?.[1];
  if (name !== undefined || code !== '') return name ?? (CONNECTION.test(code) ? 'CONNECTION_LOST' : undefined);
  return error instanceof Error && DRIVER.test(error.message) ? 'CONNECTION_LOST' : undefined;
};

/** The database refused a write because it takes none: by a setting, or as a standby. */
export const isReadOnly = (error: unknown): boolean => codeOf(error) === '25006';

/** Somebody holds a lock that the statement needed. */
export const isLocked = (error: unknown): boolean => codeOf(error) === '55P03';

/** Whether the cause lies outside of the statement and may pass. False: the same statement fails again. */
export const mayPass = (error: unknown): boolean => known(error) !== undefined;

/** Those of `NAMES` that one bad row can bring about as well as the whole database. */
const OF_ONE_ROW: readonly string[] = ['LOCKED', 'DEADLOCK', 'TIMED_OUT', 'SERVER_IO', 'CONFLICT'];

/** Whether the failure may pass, and may be that of one row alone: others may succeed meanwhile. */
export const mayBeOfOneRow = (error: unknown): boolean => OF_ONE_ROW.includes(known(error) ?? '');

/** One word without content: a name from above, else the code, else the error's class. */
export function failureName(error: unknown): string {
  return known(error) ?? (codeOf(error) || (error instanceof Error ? error.name : 'Error'));
}
