/** Trouble of the operator's database in words for clients and probes: what it is, and what to do. Pure. */
import { GraphQLError } from 'graphql';
import { clientError } from '../../server/graphql/errors.ts';
import { refusalOf } from '../runtime/chatd/refusedData.ts';
import { Uncertain } from './committed.ts';

/** SQLSTATE with which the server refused. Undefined: the connection failed. */
function stateOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('severity' in error)) return undefined;
  return String(error.code);
}

/** True if the database refused what was to be written, by a constraint, a trigger or a limit: it would do so again. */
export const refusesTheRow = (error: unknown): boolean =>
  refusalOf(error) !== undefined || /^P0/.test(stateOf(error) ?? '');

/** Routine of the server that checks whether a user may connect. */
const CONNECTING = 'CheckMyDatabase';
const NO_CONNECT = 'The user of the operator may not connect to the database. Grant it CONNECT.';

/** Sentences on a failure. They repeat nothing that the database said. */
export function troubleWords(error: unknown): string {
  const state = stateOf(error);
  if (state === '42501') {
    if (error instanceof Error && 'routine' in error && error.routine === CONNECTING) return NO_CONNECT;
    return 'The user of the operator lacks a right. Run deploy/operator-role.sql as the owner of the tables.';
  }
  if (state === '42P01') return 'The database has no tables of actions. Run `npm run migrate`.';
  if (state === '25006') return 'The database takes no writes. Make it writable.';
  if (state === '55P03' || state === '57014') {
    return 'The database took longer than the operator waits, or another session holds the row or its table.';
  }
  return state === undefined || /^(08|57P|53)/.test(state)
    ? 'The database does not answer.'
    : `The database refuses this (SQLSTATE ${state}). The log says more.`;
}

/** Error of a failed question, for a client. Errors that were made for clients stay as they are. */
export function questionError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) return error;
  const isLate = ['55P03', '57014'].includes(stateOf(error) ?? '');
  const code = isLate ? 'QUERY_TIMED_OUT' : stateOf(error) === '42P01' ? 'SCHEMA_UNSUPPORTED' : 'DATABASE_UNAVAILABLE';
  const again = refusesTheRow(error) ? '' : ' Try again.';
  return clientError(code, `${troubleWords(error)} Nothing was changed.${again}`);
}

/** Error of a change of a plan, for a client: whether it was made may not be known. */
export function planError(error: unknown): GraphQLError {
  const state = stateOf(error);
  if (error instanceof GraphQLError || (state !== undefined && !/^(08|57P)/.test(state))) return questionError(error);
  return clientError(
    'ACTION_UNCERTAIN',
    'It is not known whether this was done: the answer of the database was lost. Look at `actionPlans` before you ask again.',
  );
}

/** Error of an action, for a client. @param idempotencyKey of the request */
export function actionError(error: unknown, idempotencyKey: string): GraphQLError {
  if (!(error instanceof Uncertain)) return questionError(error);
  return clientError(
    'ACTION_UNCERTAIN',
    'It is not known whether this was done: the answer of the database was lost. Send it again with the same key, or ask for `actionRecord`.',
    { idempotencyKey },
  );
}
