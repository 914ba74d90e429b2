/** Errors as a client sees them, and the log of those that a client must not see. */
import type { GraphQLFormattedError } from 'graphql';
import { maskError } from '../../server/graphql/errors.ts';
import { logMasked } from '../../server/graphql/maskedErrors.ts';
import type { Logger } from '../../server/log.ts';
import { placeErrors, unexplainedBy } from '../execution/errorPlaces.ts';
import type { Executed } from '../execution/executor.ts';

/** Extensions of an error in the contract. All others, such as the name of the subgraph, are dropped. */
const EXTENSIONS = ['code', 'workerId', 'chatIds', 'idempotencyKey'];

/** Values that the log names, among those that a subgraph should not have given. */
const MAX_LOGGED = 10;

/** Masks an error that is not for clients. It is Apollo Server's `formatError`, too. */
export function formatForClient(formatted: GraphQLFormattedError): GraphQLFormattedError {
  const { message, path, locations, extensions } = maskError(formatted);
  const kept = { ...formatted.extensions, ...extensions };
  return {
    message,
    ...(locations && { locations }),
    ...(path && { path }),
    extensions: Object.fromEntries(EXTENSIONS.filter((name) => name in kept).map((name) => [name, kept[name]])),
  };
}

/**
 * Errors of an executed operation as its client sees them. Masked ones are logged.
 * An error about a field that only a diagnosis required has no path.
 * Values that the schema does not allow are errors, too, unless another error explains them.
 */
export function clientErrors(
  { data, errors, lost }: Executed,
  requestId: string,
  log: Logger,
): readonly GraphQLFormattedError[] {
  if (errors.length === 0 && lost.length === 0) return [];
  logMasked(log, requestId, errors);
  const { placed, required } = placeErrors(data, errors);
  const told = [...placed, ...required].map(formatForClient);
  const unexplained = unexplainedBy(placed, data, lost);
  if (unexplained.length === 0) return told;
  const some = { errors: unexplained.slice(0, MAX_LOGGED), times: unexplained.length };
  log.error({ requestId, ...some }, 'a subgraph gave values that the schema does not allow');
  const masked = unexplained.map(({ message, path }) =>
    formatForClient({ message, path, extensions: { code: 'INTERNAL_SERVER_ERROR' } }),
  );
  return [...told, ...masked];
}
