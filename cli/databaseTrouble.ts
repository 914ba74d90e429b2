/**
 * Sentences for a person when the database cannot do what a command asks. They repeat nothing of the database's own
 * words.
 */

/** Sentences by the beginnings of SQLSTATEs and of Node's codes, longer ones first. */
const SENTENCES: readonly (readonly [code: RegExp, sentence: string])[] = [
  [/^25006$/, 'The database takes no writes now: it is set to read-only, or it is a standby. Nothing was changed.'],
  [/^55P03$/, 'Another session holds a lock that this needs. Nothing was changed. Try again once it has ended.'],
  [/^57014$/, 'The database took longer than DATABASE_TIMEOUT_MS allows. Nothing was changed. Try again.'],
  [/^(40|25P03)/, 'Another session was in the way. Nothing was changed. Try again.'],
  [/^53300$/, 'All connections of the database, or of its user, are in use. Close some, or try again in a moment.'],
  [/^53100$/, 'The disk of the database is full. Nothing was changed.'],
  [/^(53|58)/, 'The database has run out of memory, disk or the like. Nothing was changed.'],
  [/^57P/, 'The database is starting or stopping. Try again in a moment.'],
  [/^28/, 'The database refuses the user or the password of DATABASE_URL.'],
  [/^3D000$/, 'There is no such database. Check DATABASE_URL.'],
  [/^42501$/, 'The user of DATABASE_URL may not do this in the database.'],
  [
    /^(42P01|42703)$/,
    'The database lacks a table or a column that this needs. Bring it up to date with `npm run migrate`.',
  ],
  [
    /^(08...|ECONN\w+|EPIPE|ETIMEDOUT|E\w+UNREACH|ENOTFOUND|EAI_AGAIN)$/,
    'The database does not answer. Is the system running?',
  ],
  [/^[0-9A-Z]{5}$/, 'The database refuses this. Nothing was changed.'],
];
const NO_ANSWER = 'The database does not answer in time. Is the system running?';
/** Messages of the driver, which has no codes for a connection that ends or is silent for too long. */
const OF_THE_DRIVER = /^(Connection terminated|Client has encountered|timeout exceeded|Query read timeout)/;

/** Routine of the server that checks whether a user may connect. */
const CONNECTING = 'CheckMyDatabase';
const NO_CONNECT = 'The user of DATABASE_URL may not connect to this database. Grant it CONNECT. (SQLSTATE 42501)';

/** Sentence for trouble of the database; undefined for any other error. */
export function databaseSentence(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (!('code' in error) || error.code === undefined) return OF_THE_DRIVER.test(error.message) ? NO_ANSWER : undefined;
  const code = String(error.code);
  if (code === '42501' && 'routine' in error && error.routine === CONNECTING) return NO_CONNECT;
  const known = SENTENCES.find(([beginning]) => beginning.test(code))?.[1];
  return known && /^[0-9]/.test(code) ? `${known} (SQLSTATE ${code})` : known;
}
