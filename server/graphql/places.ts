/** Places in an answer in the making: where a value goes, and what becomes null if it is lost. */
import { type FieldNode, type GraphQLError, locatedError, responsePathAsArray } from 'graphql';

/** Object or list in the making. */
type Holder = Record<number, unknown>;

/** Place of a value; to resolvers it is the path to it. */
export interface Place {
  /** Place of the object or list that holds it. Undefined: it stands at the root. */
  readonly prev: Place | undefined;
  readonly key: string | number;
  /** Type of the object that holds it. Undefined: a list does. */
  readonly typename: string | undefined;
  readonly holder: Holder;
  readonly isNullable: boolean;
  /** True once it is null for the sake of a value below it. */
  isLost: boolean;
}

/** One execution. */
export interface Run {
  readonly context: unknown;
  /** Variables as the schema has them. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly errors: GraphQLError[];
  /** Number of values that are waited for. */
  open: number;
  /** True if not even the root may be answered. */
  isLost: boolean;
  /** Called when nothing needs to be waited for any more. */
  finish: () => void;
}

/** Stands for a value that may not be null, and of which nothing is left. */
export const LOST = Symbol('lost');

/**
 * Notes an error. A place that is null already for the sake of another value has its error, and gets no second one
 * (GraphQL specification, "Handling Execution Errors").
 * @returns null, or LOST where null may not stand
 */
export function fail(run: Run, place: Place, nodes: readonly FieldNode[], error: unknown): null | typeof LOST {
  const above = nullableFrom(place);
  const isTold = above !== place && (above ?? run).isLost;
  if (!isTold) run.errors.push(locatedError(error, nodes, responsePathAsArray(place)));
  if (above === place) return null;
  (above ?? run).isLost = true;
  if (run.isLost) run.finish();
  return LOST;
}

/** Nearest place, from this one up, at which null may stand. Undefined: the root. */
function nullableFrom(place: Place): Place | undefined {
  let at: Place | undefined = place;
  while (at && !at.isNullable) at = at.prev;
  return at;
}

/** What stands at the place: null for what is lost, if it may. */
export const orNull = (value: unknown, { isNullable }: Place): unknown => (value === LOST && isNullable ? null : value);

/** Puts a value that was waited for into its place. */
export function settlePlace(run: Run, place: Place, value: unknown): void {
  const at = value === LOST ? nullableFrom(place) : place;
  if (at) at.holder[at.key as number] = value === LOST ? null : value;
  run.open -= 1;
  if (run.open === 0) run.finish();
}
