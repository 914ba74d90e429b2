/** Refusals of the database, by SQLSTATE: a word for programs, and words for people. Pure. */

interface DatabaseFailure {
  /** The SQLSTATE, or the first characters of several. */
  readonly code: string;
  /** One word for the failure. Undefined: the statement or its data are at fault, and the code itself is the word. */
  readonly name?: string;
  /** The trouble, as a predicate of “the database”. */
  readonly says: string;
  /** The remedy, as a predicate of “whoever runs the database”. */
  readonly mend: string;
}

/** Known failures, longer codes first. */
const FAILURES: readonly DatabaseFailure[] = [
  { code: '25006', name: 'READ_ONLY', says: 'takes no writes', mend: 'make the database writable' },
  {
    ...{ code: '55P03', name: 'LOCKED', says: 'has a lock that another session holds' },
    mend: 'end the session that holds the lock',
  },
  {
    ...{ code: '40P01', name: 'DEADLOCK', says: 'has sessions that wait for each other' },
    mend: 'see which sessions are in the way of the workers',
  },
  { code: '57014', name: 'TIMED_OUT', says: 'takes too long', mend: 'see what keeps the database busy' },
  {
    ...{ code: '53100', name: 'DISK_FULL', says: 'has no room left on its disk' },
    mend: 'make room on the disk of the database',
  },
  {
    ...{ code: '53300', name: 'TOO_MANY_CONNECTIONS', says: 'has all its connections in use' },
    mend: 'close connections of the database, or allow more of them',
  },
  {
    ...{ code: '42501', says: 'does not give the user the right to do this' },
    mend: 'give the worker’s user SELECT, INSERT, UPDATE and DELETE on the tables, and USAGE on their sequences',
  },
  ...['42P01', '42703'].map((code) => ({
    ...{ code, says: 'lacks a table or a column' },
    mend: 'bring the database up to date with `npm run migrate`',
  })),
  {
    ...{ code: '53', name: 'OUT_OF_RESOURCES', says: 'has run out of memory or the like' },
    mend: 'see in the log of the database what it has run out of',
  },
  {
    ...{ code: '28', name: 'ACCESS_DENIED', says: 'refuses the user or its password' },
    mend: 'correct DATABASE_URL of the replicas',
  },
  ...['08', '57P', '25P03', '25P04'].map((code) => ({
    ...{ code, name: 'CONNECTION_LOST', says: 'does not keep its connections' },
    mend: 'see whether the database is up, and what is between it and the replicas',
  })),
  {
    ...{ code: '58', name: 'SERVER_IO', says: 'cannot read or write its files' },
    mend: 'see in the log of the database which file it is',
  },
  {
    ...{ code: '40', name: 'CONFLICT', says: 'has other sessions in the way' },
    mend: 'see which sessions are in the way of the workers',
  },
  {
    ...{ code: '23', says: 'refuses the row by a constraint' },
    mend: 'see which constraint refuses the row, and correct the constraint or the row',
  },
  ...['22', '54'].map((code) => ({
    ...{ code, says: 'refuses a value of the row' },
    mend: 'see in the log of the database which value of the row it refuses, and correct that',
  })),
  {
    ...{ code: 'P0', says: 'has a trigger that refuses the row' },
    mend: 'see which trigger refuses the row, and correct the trigger or the row',
  },
];

const OTHER = { says: 'refuses this', mend: 'see in the log of the database what it refuses, and why' };

/** Finds the failure for an SQLSTATE; undefined for an unknown one. */
export const databaseFailure = (code: string): DatabaseFailure | undefined =>
  FAILURES.find((failure) => code.startsWith(failure.code));

/** @param word name of a failure, or an SQLSTATE that has none */
export const wordsForFailure = (word: string): Pick<DatabaseFailure, 'says' | 'mend'> =>
  FAILURES.find(({ name }) => name === word) ?? databaseFailure(word) ?? OTHER;
