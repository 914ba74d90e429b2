/** Limits for statements that can be expected to hang, in SQL: what they wait for costs them alone. */

/** Columns that hold for the rest of the transaction. A wait for a lock ends before, so that it has a name (55P03). */
export const limitedTo = (limitMs: number): string =>
  `set_config('statement_timeout', '${limitMs}', true), set_config('lock_timeout', '${Math.floor(limitMs / 2)}', true)`;
