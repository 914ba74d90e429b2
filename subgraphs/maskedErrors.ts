/** What a client is not told stands in the log: a few lines for each request, however much of it failed. */
import { GraphQLError } from 'graphql';
import type { Logger } from '../common/log.ts';
import { isMasked } from './errors.ts';

/** Most often one cause fails many fields. */
const MAX_LINES = 10;
const MAX_STEPS = 20;
const MAX_STEP_CHARACTERS = 100;

/** An error as it is thrown, or as a subgraph tells it. */
interface Failure {
  readonly message: string;
  readonly path?: readonly (string | number)[] | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
}

/** The errors of one request: a line for each message, with its first place, and how often it came. */
export function logMasked(log: Logger, requestId: string, errors: readonly Failure[]): void {
  const times = new Map<string, number>();
  const firsts: Failure[] = [];
  for (const error of errors) {
    if (!isMasked(error.extensions?.code)) continue;
    const before = times.get(error.message) ?? 0;
    times.set(error.message, before + 1);
    if (before === 0 && firsts.length < MAX_LINES) firsts.push(error);
  }
  for (const error of firsts) {
    const err = error instanceof GraphQLError ? (error.originalError ?? error) : { message: error.message };
    log.error({ requestId, path: shortened(error.path), times: times.get(error.message), err }, 'masked');
  }
}

/** Its names are the client's. */
const shortened = (path: Failure['path']) =>
  path?.slice(0, MAX_STEPS).map((step) => (typeof step === 'string' ? step.slice(0, MAX_STEP_CHARACTERS) : step));
