/**
 * An error without the database's own words: a trigger's message or a constraint's detail quotes the row. Pure.
 * In their place stand the SQLSTATE, its meaning, and the name of the constraint.
 */
import { isNativeError } from 'node:util/types';
import * as z from 'zod';
import { databaseFailure } from '../domain/databaseFailures.ts';

const state = z.string().regex(/^[0-9A-Z]{5}$/);
const optional = z.string().optional().catch(undefined);
/** Refusal as the driver has it, and as Prisma wraps it. */
const refusal = z.union([
  z.object({ severity: z.string(), code: state, message: z.string(), constraint: optional }),
  z
    .object({ originalCode: state, originalMessage: z.string() })
    .transform(({ originalCode: code, originalMessage: message }) => ({ code, message, constraint: undefined })),
]);
const holder = z.object({
  cause: z.unknown().optional(),
  errors: z.array(z.unknown()).catch([]),
  meta: z.object({ driverAdapterError: z.unknown() }).catch({ driverAdapterError: undefined }),
});

const DEEPEST = 8;

interface Replacement {
  readonly words: string;
  readonly by: string;
}

function replacements(thrown: unknown, depth = 0): Replacement[] {
  const { data } = holder.safeParse(thrown);
  if (!data || depth > DEEPEST) return [];
  const inner = [data.cause, data.meta.driverAdapterError, ...data.errors];
  const found = inner.flatMap((one) => replacements(one, depth + 1));
  const own = refusal.safeParse(thrown).data;
  return own && own.message !== '' ? [{ words: own.message, by: stateWords(own) }, ...found] : found;
}

function stateWords({ code, constraint }: { code: string; constraint?: string | undefined }): string {
  const says = databaseFailure(code)?.says;
  return `SQLSTATE ${code}${says ? `: the database ${says}` : ''}${constraint ? ` (${constraint})` : ''}`;
}

/**
 * Makes the replacement for one error.
 * @returns a function for any text of the error: its message, its stack
 */
export function withoutDatabaseWords(thrown: unknown): (text: string) => string {
  const all = replacements(thrown);
  return (text) => all.reduce((masked, { words, by }) => masked.replaceAll(words, by), text);
}

/** Reason of a failure that a log may hold; undefined: it is no error. */
export const loggedReason = (thrown: unknown): string | undefined =>
  isNativeError(thrown) ? withoutDatabaseWords(thrown)(thrown.message).trim() : undefined;
