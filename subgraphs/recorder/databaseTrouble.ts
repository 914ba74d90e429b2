/** Trouble of the database of incidents, in words for clients and probes: what it is, and what to do. Pure. */
import type { GraphQLError } from 'graphql';
import { clientError, type ErrorCode } from '../../server/graphql/errors.ts';

/** Names of ours that a refusal may be about, the longer ones first. */
const NAMES = ['incident_bundles', 'recorder_lease', 'deliveries', 'incidents'];

interface Words {
  readonly code: ErrorCode;
  readonly words: string;
}

const unavailable = (words: string): Words => ({ code: 'DATABASE_UNAVAILABLE', words });
const missing: Words = {
  code: 'SCHEMA_UNSUPPORTED',
  words: 'The database has no tables of incidents. Run `npm run migrate` with the settings of the recorder.',
};

/** Words by the beginnings of SQLSTATEs, longer ones first. */
const WORDS: readonly (readonly [state: RegExp, words: Words])[] = [
  [/^(42P01|3F000|42703)$/, missing],
  [/^25006$/, unavailable('The database of incidents takes no writes. Make it writable.')],
  [
    /^(57014|55P03)$/,
    {
      code: 'QUERY_TIMED_OUT',
      words:
        'The database of incidents took longer than the recorder waits, or another session holds a lock. Ask again.',
    },
  ],
  [
    /^53300$/,
    unavailable('The database of incidents has no connection left for the recorder. Close sessions, or allow more.'),
  ],
  [/^53/, unavailable('The database of incidents has run out of memory or of space. Make room for it.')],
  [
    /^28/,
    unavailable(
      'The database of incidents refuses the user of the recorder. Correct `RECORDER_DATABASE_URL`, or else `DATABASE_URL`.',
    ),
  ],
  [
    /^3D/,
    unavailable(
      'The server has no database of incidents of that name. Correct `RECORDER_DATABASE_URL`, or else `DATABASE_URL`.',
    ),
  ],
];

/** Words for any failure of a question. They repeat nothing that the database said but names of our own tables. */
function wordsOf(error: unknown): Words {
  const state = stateOf(error);
  if (state === undefined || /^(08|57P|25P)/.test(state)) {
    return unavailable('The database of incidents does not answer. Try again in a moment.');
  }
  if (state === '42501') return unavailable(denied(error as Error));
  const known = WORDS.find(([pattern]) => pattern.test(state))?.[1];
  return known ?? unavailable(`The database of incidents refuses this (SQLSTATE ${state}). The log says more.`);
}

/** Routine of the server that checks whether a user may connect. */
const CONNECTING = 'CheckMyDatabase';

function denied(error: Error): string {
  if ('routine' in error && error.routine === CONNECTING) {
    return 'The user of the recorder may not connect to the database of incidents. Grant it CONNECT.';
  }
  const table = NAMES.find((name) => error.message.includes(name));
  const [what, grant] = table
    ? [`the table chat_debug_recorder.${table}`, `SELECT, INSERT, UPDATE, DELETE ON chat_debug_recorder.${table}`]
    : [`the schema chat_debug_recorder`, `USAGE ON SCHEMA chat_debug_recorder`];
  return `The user of the recorder has not all rights on ${what}. Run \`GRANT ${grant} TO\` that user.`;
}

/** SQLSTATE with which the server refused. Undefined: the connection failed. */
const stateOf = (error: unknown): string | undefined => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]{4}$/.test(code) ? code : undefined;
};

/** Sentences on a failure, for a probe. */
export const databaseTrouble = (error: unknown): string => wordsOf(error).words;

/** Error of a failure, for a client. */
export function databaseError(error: unknown): GraphQLError {
  const { code, words } = wordsOf(error);
  return clientError(code, words);
}
