/**
 * The place of an error in the answer. Pure.
 * A diagnosis requires fields that the client did not select. Their errors must not point to a place that the client
 * does not have.
 */
import { isObject, type Json } from '../../common/json.ts';
import type { ExecutionError } from './executor.ts';

interface PlacedErrors {
  /** Each on a field of the data or above what is null there, or about the request as a whole. */
  readonly placed: readonly ExecutionError[];
  /**
   * Errors of fields that the client did not select. Each is told once, without a path: it explains no null of the
   * answer.
   */
  readonly required: readonly ExecutionError[];
}

/**
 * Places each error, or says why it has none.
 * - Some errors of fields that the client did not select go away: the diagnosis that required the fields says what they mean.
 * - What a replica did not answer is an error of the first field of its answer that is null for it.
 * - What a replica of an earlier version was not asked for is said once for each chat.
 */
export function placeErrors(data: unknown, errors: readonly ExecutionError[]): PlacedErrors {
  const said = new Set<string>();
  const isNew = ({ message, extensions }: ExecutionError) => {
    const about = JSON.stringify([message, extensions?.code, extensions?.workerId, extensions?.chatIds]);
    return !said.has(about) && said.add(about) !== undefined;
  };
  const placed: ExecutionError[] = [];
  const required: ExecutionError[] = [];
  for (const error of errors) {
    const path = placeOf(data, error);
    if (path) placed.push({ ...error, path });
    else if (!error.path) placed.push(error);
    else if (!isSaidByItself(error)) required.push(error);
  }
  return {
    placed: placed.filter((error) => error.extensions?.code !== 'FIELD_UNSUPPORTED' || isNew(error)),
    required: required.filter(isNew).map(({ path: _, asked: __, ...error }) => error),
  };
}

type Path = readonly (string | number)[];

/** Losses that no error is about: none stands at the null that came of the loss, above it or below it. */
export const unexplainedBy = <Lost extends { readonly path: Path }>(
  placed: readonly ExecutionError[],
  data: unknown,
  lost: readonly Lost[],
): Lost[] =>
  lost.filter(({ path }) => {
    const shown = path.slice(0, isObject(data) ? walk(data, path).length : 0);
    return !placed.some((error) => isAbout(error, shown));
  });

/** An error without a path may be about anything. */
const isAbout = ({ path }: ExecutionError, place: Path): boolean =>
  !path || path.every((step, i) => i >= place.length || step === place[i]);

/** Undefined: none of the client's. */
function placeOf(data: unknown, error: ExecutionError): Path | undefined {
  const { path, asked } = error;
  if (!path) return undefined;
  if (!isObject(data)) return path.slice(0, asked);
  const above = path.slice(0, -1);
  const parent = walk(data, above.slice(0, asked));
  if (isOfReplica(error) && parent.length === above.length && isObject(parent.value)) {
    const lost = firstNull(parent.value);
    return lost === undefined ? undefined : [...above, lost];
  }
  const { length, value } = walk(data, path.slice(0, asked));
  if (length === path.length) return path;
  return value === null ? path.slice(0, asked === undefined ? path.length : length) : undefined;
}

/** Number of the path's steps that the data has, and the value there. Below null nothing is known to be missing. */
function walk(data: Json, path: Path): { length: number; value: unknown } {
  let value: unknown = data;
  for (const [length, step] of path.entries()) {
    const isThere = Array.isArray(value) ? Number(step) < value.length : isObject(value) && Object.hasOwn(value, step);
    if (!isThere) return { length, value };
    value = Reflect.get(Object(value), step);
  }
  return { length: path.length, value };
}

/** It stands for all that a replica did not answer, not for one field. */
const isOfReplica = ({ extensions }: ExecutionError) => String(extensions?.code).startsWith('REPLICA_');

/** A diagnosis has findings, or an error of its own, for these and for what a replica did not answer. */
const SAID_BY_ITSELF = ['FIELD_UNSUPPORTED', 'FORBIDDEN', 'VALUE_UNREADABLE'];

const isSaidByItself = (error: ExecutionError) =>
  isOfReplica(error) || SAID_BY_ITSELF.includes(String(error.extensions?.code));

const firstNull = (value: Json): string | undefined => Object.keys(value).find((key) => value[key] === null);
