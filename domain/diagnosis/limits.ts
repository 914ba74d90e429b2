/** Limits of the rules that no setting changes. The list of suspects goes by the same ones. */

/** Seconds past the planned retry before it counts as overdue. */
export const RETRY_GRACE_SECONDS = 5;
/** Factor on the longest retry pause. A longer wait than chance allows was never meant. */
export const LONGEST_RETRY_FACTOR = 1.2;
/** Failed attempts from which a retry is worth a warning. */
export const MANY_ATTEMPTS = 5;
/** Kind of a failed attempt whose answer could not be stored. Each further answer may be refused as well. */
export const NOT_STORED = 'data';
/** Runners with leases from which owners may be getting lost. */
export const MANY_RUNNERS = 2;
/** Calls of one tool in a row without an answer from which nobody seems to answer. */
export const OFTEN_UNANSWERED = 2;
/** Wait for room, in pick-up times, that counts as long. */
export const LONG_WAITS = 10;
/** Seconds after which a chat at rest without an answer is old news. */
export const UNANSWERED_FOR_SECONDS = 86_400;
/** Failed renewals in a row from which a lease is in danger. */
export const MANY_FAILED_RENEWALS = 2;
/** Break-offs of one task from which it breaks off again and again. */
export const MANY_BREAK_OFFS = 3;
/** Owners of a chat, the newest ones, that a diagnosis looks at. */
export const RECENT_OWNERS = 5;
/** Seconds by which a standby may be behind before its rows are too old to be held against memory. */
export const STANDBY_LAG_SECONDS = 1;
/** Changes of the owner without a committed step from which a chat is passed around. */
export const MANY_CHANGES = 4;
/** Seconds within which those changes count. */
export const CHANGES_WITHIN_SECONDS = 600;
