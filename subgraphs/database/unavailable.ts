/** Which errors mean that the database cannot be asked now, and which that it was asked something wrong. */
import { isNativeError } from 'node:util/types';
import { GraphQLError } from 'graphql';
import { z } from 'zod';
import { clientError } from '../errors.ts';

export const databaseUnavailable = (): GraphQLError =>
  clientError('DATABASE_UNAVAILABLE', 'The database does not answer. Try again in a moment.');

/** How an error of the driver reaches whoever called Prisma. */
const driverError = z.object({
  code: z.string(),
  meta: z.object({ driverAdapterError: z.object({ cause: z.object({ originalCode: z.string().optional() }) }) }),
});

/**
 * Classes of SQLSTATE that say nothing about the question: no connection, a transaction that is over or was cancelled, no
 * access, no such database, no resources, intervention by an operator (statement_timeout too), trouble of the machine.
 */
const UNAVAILABLE_STATE = /^(08|25P|28|3D|40|53|57|58)/;

/** Of Prisma itself: cannot connect, no transaction in time, or one that is over. */
const UNAVAILABLE_CODE = /^(P10\d\d|P2024|P2028|P2037)$/;

/** The SQLSTATE that the server refused a statement with, if that is what happened. */
export function sqlState(error: unknown): string | undefined {
  return driverError.safeParse(error).data?.meta.driverAdapterError.cause.originalCode;
}

/** True if the same question might well be answered later. */
function isUnavailable(error: unknown): boolean {
  if (!isNativeError(error)) return false;
  const state = sqlState(error);
  if (state !== undefined) return UNAVAILABLE_STATE.test(state);
  if ('code' in error && UNAVAILABLE_CODE.test(String(error.code))) return true;
  if (driverError.safeParse(error).success) return true; // the connection failed: the server said nothing
  return error.name === 'Error' || error.name === 'AggregateError'; // pg and sockets; defects have names of their own
}

/** What a client is told: `DATABASE_UNAVAILABLE` if that is what it means; else the error itself, to be masked. */
export const unavailableOr = (error: unknown): unknown => (isUnavailable(error) ? databaseUnavailable() : error);

/** Whether a client would be told so. */
export const saysUnavailable = (error: unknown): boolean =>
  error instanceof GraphQLError && error.extensions.code === 'DATABASE_UNAVAILABLE';
