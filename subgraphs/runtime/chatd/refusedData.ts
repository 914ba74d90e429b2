/** Tells content that can never be stored from a database that is away or busy. Pure. */

/**
 * Classes of SQLSTATE in which Postgres refuses the data of a statement: data exceptions, constraints, limits of the program.
 * What says nothing about the data (connections, locks, time, read-only servers) is in other classes.
 */
const OF_THE_DATA = /^(22|23|44|54)[0-9A-Z]{3}$/;

/** A name for what refused the data; undefined: it was something else. */
export function refusalOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error.name === 'RangeError') return 'it is too large or too deep';
  const code = 'code' in error && 'severity' in error ? error.code : undefined;
  return typeof code === 'string' && OF_THE_DATA.test(code) ? `SQLSTATE ${code}` : undefined;
}
