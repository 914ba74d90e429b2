/** Content that can never be stored, told apart from a database that is away or busy. Pure. */

/**
 * Classes of SQLSTATE that refuse the data of a statement: data exceptions, constraints, limits of the program.
 * Other classes (connections, locks, time, read-only servers) say nothing about the data.
 */
const OF_THE_DATA = /^(22|23|44|54)[0-9A-Z]{3}$/;

/** Name of the refusal of the data; undefined: it was something else. */
export function refusalOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error.name === 'RangeError') return 'it is too large or too deep';
  const code = 'code' in error && 'severity' in error ? error.code : undefined;
  return typeof code === 'string' && OF_THE_DATA.test(code) ? `SQLSTATE ${code}` : undefined;
}
