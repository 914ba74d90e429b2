/**
 * Errors for a client when the database did not answer a question: a code, the reason, and what to do. They hold no
 * address.
 */
import { isNativeError } from 'node:util/types';
import { GraphQLError } from 'graphql';
import * as z from 'zod';
import { clientError } from '../../server/graphql/errors.ts';
import type { Findings, TableHolder } from './inquiry.ts';
import { uses } from './wantedIndexes.ts';

export const databaseUnavailable = (
  reason = 'The database does not answer.',
  advice = 'Try again in a moment.',
): GraphQLError => clientError('DATABASE_UNAVAILABLE', `${reason} ${advice}`);

/** First sentence of such an error, for readiness. */
export const reasonOf = ({ message }: GraphQLError): string => /^.*?\.(?= |$)/.exec(message)?.[0] ?? message;

/** Error for a refused connection, over which nothing can be asked. */
export const mayNotConnect = (): GraphQLError =>
  databaseUnavailable(
    'The database does not let the user of this service connect.',
    'Grant it CONNECT on the database.',
  );

/** Error for tables that were made anew, or gained or lost something, since they were last looked at. */
export const tablesChanged = (): GraphQLError =>
  databaseUnavailable('The tables of the database have changed.', 'Ask again: they are read as they are now.');

/** Shape of a driver's error, as it reaches the caller of Prisma. */
const driverError = z.object({
  code: z.string(),
  meta: z.object({ driverAdapterError: z.object({ cause: z.object({ originalCode: z.string().optional() }) }) }),
});

/**
 * Classes of SQLSTATE that say nothing about the question.
 *
 * - No connection, no access, no such database, no resources.
 * - A transaction that is over or was cancelled.
 * - Intervention by an operator, trouble of the machine.
 */
const UNAVAILABLE_STATE = /^(08|25P|28|3D|40|53|57|58|42501|55000)/;

/** Advice for a state that is shared by the limits of the server, the database and the role. */
const MORE_CONNECTIONS =
  'Close sessions that idle, or raise `max_connections`, or the CONNECTION LIMIT of the user or the database.';

/** Reasons by state, the more particular first. */
const REASONS: readonly (readonly [state: RegExp, reason: string, advice: string])[] = [
  [/^53300/, 'The database has no connection left for this service.', MORE_CONNECTIONS],
  [/^53/, 'The database has run out of memory or of space.', 'Make room for it.'],
  [/^57P03/, 'The database is starting or stopping.', 'Try again in a moment.'],
  [/^57P0/, 'The database is being stopped.', 'Try again in a moment.'],
  [/^28/, 'The database refuses the user of this service.', 'Correct `DATABASE_URL`.'],
  [/^3D/, 'The database server has no database of that name.', 'Correct `DATABASE_URL`.'],
  [/^55000/, 'The database accepts no connections.', 'See `datallowconn` of it.'],
  [/^42501/, 'The database does not let this service read its tables.', 'Grant it SELECT on them.'],
];

/** States of a statement that the server ended for its time, or for that of its lock. */
const TIMED_OUT_STATE = /^(57014|55P03)$/;
/**
 * States for a table, column, type or operator that does not exist or may not be used, and for a column that is of another
 * type than it was.
 */
const UNKNOWN_NAME_STATE = /^(42P01|42703|42704|42501|42883|42804|42846)$/;

/** States of a statement that failed over a row: by its data, by more rows than one, or by a function that was called. */
const ROW_STATE = /^(21|22|2F|38|39|P0)/;

/** Codes of Prisma itself: cannot connect, no transaction in time, or one that is over. */
const UNAVAILABLE_CODE = /^(P10\d\d|P2024|P2028|P2037)$/;

/** SQLSTATE with which the server refused a statement, if it did. */
export function sqlState(error: unknown): string | undefined {
  return driverError.safeParse(error).data?.meta.driverAdapterError.cause.originalCode;
}

/** True if the same question might well be answered later. */
function isUnavailable(error: unknown): boolean {
  if (!isNativeError(error)) return false;
  const state = sqlState(error);
  if (state !== undefined) return UNAVAILABLE_STATE.test(state) || TIMED_OUT_STATE.test(state);
  if ('code' in error && UNAVAILABLE_CODE.test(String(error.code))) return true;
  if (driverError.safeParse(error).success) return true; // the connection failed: the server said nothing
  return error.name === 'Error' || error.name === 'AggregateError'; // pg and sockets; defects have names of their own
}

/** Error for the client. One that says nothing of the database is a defect, and stays to be masked. */
export function unavailableOr(error: unknown): unknown {
  if (!isUnavailable(error)) return error;
  const state = sqlState(error) ?? '';
  const [, reason, advice] = REASONS.find(([pattern]) => pattern.test(state)) ?? [];
  return databaseUnavailable(reason, advice);
}

/** Error for a view that fails over a row; undefined: it is another failure. */
export function failedView(error: unknown): GraphQLError | undefined {
  const state = sqlState(error);
  if (state === undefined || !ROW_STATE.test(state)) return undefined;
  return clientError(
    'SCHEMA_UNSUPPORTED',
    `A view fails over a row that was asked for (SQLSTATE ${state}). \`npm run check\` looks for the view; correct it, or the row.`,
  );
}

/** True if the server ended the statement for its time. */
export const isTimedOut = (error: unknown): boolean => TIMED_OUT_STATE.test(sqlState(error) ?? '');
/** True if the question names something that the database does not have, or does not let this service read. */
export const isUnsupported = (error: unknown): boolean => UNKNOWN_NAME_STATE.test(sqlState(error) ?? '');
/** True if the transaction was over before the question; its end has the reason. */
export const isAfterFailure = (error: unknown): boolean => sqlState(error)?.startsWith('25P') === true;

/**
 * @param question name of the question; `connect`: it was not put yet
 * @param along indexes that the question wants most, as they are described
 */
export function timedOut(
  { waitsFor, heldBy, lackingIndexes, platform }: Findings,
  question: string,
  along: readonly string[] = [],
): GraphQLError {
  const said = (reason: string, advice: string) => clientError('QUERY_TIMED_OUT', `The database ${reason}. ${advice}`);
  if (waitsFor.length > 0) {
    return said(
      `keeps the question waiting for a lock on ${quoted(waitsFor)}`,
      `${heldBy ? `${holderText(heldBy)} ` : ''}End the transaction that holds or wants the table, such as a change of the schema; then ask again.`,
    );
  }
  if (question === 'connect' || question === 'begin') {
    return said('has no free connection of this service in time', 'Ask again, or ask for less at once.');
  }
  const used = lackingIndexes.filter((index) => uses(question, index));
  const lacking = used.find(({ keys }) => along.includes(keys)) ?? used[0];
  if (lacking) {
    const index = `\`${lacking.table} ${lacking.keys}\``;
    const advice = platform?.name === 'own' ? 'Run `npm run migrate`, or make such an index.' : MAKE_INDEX;
    return said(`took too long: it lacks the index ${index}`, advice);
  }
  return said('took longer than this service waits', 'Ask for less, or raise `DATABASE_TIMEOUT_MS`.');
}

/** Words for the holder. Postgres has made its name plain ASCII of at most 63 characters. */
function holderText({ applicationName, state, transactionSeconds: seconds }: TableHolder): string {
  const who = applicationName === '' ? 'a session without a name' : `the session \`${applicationName}\``;
  const since = seconds === null ? '' : `, in a transaction of ${Math.round(seconds)} s`;
  return `It is held by ${who}${state === null ? '' : `, ${state}`}${since}.`;
}

const quoted = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ');

const MAKE_INDEX = '`npm run check` shows the statement that makes it; or ask for less.';

/** True if a client is told that the database has something else than what is read. */
export const saysUnsupported = (error: unknown): boolean =>
  error instanceof GraphQLError && error.extensions.code === 'SCHEMA_UNSUPPORTED';

/** True if a client is told that a question took too long. */
export const saysTimedOut = (error: unknown): boolean =>
  error instanceof GraphQLError && error.extensions.code === 'QUERY_TIMED_OUT';

/** True if a client would be told that the database did not answer, for any reason. */
export const saysUnavailable = (error: unknown): boolean =>
  error instanceof GraphQLError && ['DATABASE_UNAVAILABLE', 'QUERY_TIMED_OUT'].includes(String(error.extensions.code));
