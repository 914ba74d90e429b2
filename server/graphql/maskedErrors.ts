/** The log of what a client is not told: a few lines for each request, however much of it failed. */
import { GraphQLError } from 'graphql';
import type { Logger } from '../log.ts';
import { isMasked } from './errors.ts';

/** Lines for one request. Most often one cause fails many fields. */
const MAX_LINES = 10;
const MAX_STEPS = 20;
const MAX_STEP_CHARACTERS = 100;

/** Error as it is thrown, or as a subgraph tells it. */
interface Failure {
  readonly message: string;
  readonly path?: readonly (string | number)[] | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
}

interface Line {
  readonly path: Failure['path'];
  readonly code: unknown;
  readonly err: unknown;
  times: number;
}

/**
 * Logs the errors of one request: a line for each field, code and message, with the first place and the count.
 * `total` includes those beyond ten lines.
 */
export function logMasked(log: Logger, requestId: string, errors: readonly Failure[]): void {
  const masked = errors.filter(({ extensions }) => isMasked(extensions?.code));
  const lines = new Map<string, Line>();
  for (const error of masked) {
    const path = shortened(error.path);
    const code = error.extensions?.code;
    const names = path?.filter((step) => typeof step === 'string');
    const key = JSON.stringify([names, code, error.message]);
    const line = lines.get(key);
    if (line) line.times += 1;
    else if (lines.size < MAX_LINES) {
      const err = error instanceof GraphQLError ? (error.originalError ?? error) : { message: error.message };
      lines.set(key, { path, code, err, times: 1 });
    }
  }
  for (const line of lines.values()) log.error({ requestId, ...line, total: masked.length }, 'masked');
}

/** Path made short, because its names are the client's. */
const shortened = (path: Failure['path']) =>
  path?.slice(0, MAX_STEPS).map((step) => (typeof step === 'string' ? step.slice(0, MAX_STEP_CHARACTERS) : step));
