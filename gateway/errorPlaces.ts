/**
 * Where an error stands in the answer. A diagnosis requires fields that the client did not select; what goes wrong with
 * those must not point to a place that the client does not have. Pure.
 */
import type { GraphQLFormattedError } from 'graphql';
import { isObject, type Json } from '../common/json.ts';

/**
 * The errors, each on a field of `data` or without a path. One about a field that is not there goes away: whoever required it
 * says what that means. But what a replica did not answer is an error of the first field of its answer that is null for it. What
 * one of an earlier version was not asked for is said once for each chat.
 */
export function placedErrors(data: unknown, errors: readonly GraphQLFormattedError[]): GraphQLFormattedError[] {
  const told = new Set<string>();
  return placed(data, errors).filter(({ message, extensions }) => {
    if (extensions?.code !== 'FIELD_UNSUPPORTED') return true;
    const about = JSON.stringify([message, extensions.chatIds]);
    return !told.has(about) && told.add(about);
  });
}

function placed(data: unknown, errors: readonly GraphQLFormattedError[]): GraphQLFormattedError[] {
  return errors.flatMap((error) => {
    const { path } = error;
    if (!path || !isObject(data)) return [error];
    const above = path.slice(0, -1);
    const parent = walk(data, above);
    if (isOfReplica(error) && parent.length === above.length && isObject(parent.value)) {
      const lost = firstNull(parent.value);
      return lost === undefined ? [] : [{ ...error, path: [...above, lost] }];
    }
    const { length, value } = walk(data, path);
    return length === path.length || value === null ? [error] : [];
  });
}

/** How far down the path the data goes, and what is there. Below null nothing is known to be missing. */
function walk(data: Json, path: readonly (string | number)[]): { length: number; value: unknown } {
  let value: unknown = data;
  for (const [length, step] of path.entries()) {
    const isThere = Array.isArray(value) ? Number(step) < value.length : isObject(value) && Object.hasOwn(value, step);
    if (!isThere) return { length, value };
    value = Reflect.get(Object(value), step);
  }
  return { length: path.length, value };
}

/** It stands for all that a replica did not answer, not for one field. */
const isOfReplica = ({ extensions }: GraphQLFormattedError) => String(extensions?.code).startsWith('REPLICA_');

const firstNull = (value: Json): string | undefined => Object.keys(value).find((key) => value[key] === null);
