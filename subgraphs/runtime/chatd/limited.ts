/** SQL limits for statements that are likely to hang: what they wait for costs only themselves. */

/**
 * Columns that set limits for the rest of the transaction. A wait for a lock ends first, so that it has a name (55P03).
 */
export const limitedTo = (limitMs: number): string =>
  `set_config('statement_timeout', '${limitMs}', true), set_config('lock_timeout', '${Math.floor(limitMs / 2)}', true)`;
