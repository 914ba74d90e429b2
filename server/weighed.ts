/** Limit of headers that state preferences, such as `Accept` (RFC 9110, section 12.5). */

/** Longest header that is weighed, in characters. Clients send a fifth of it. Weighing the longest possible one takes 8 ms. */
export const MOST_CHARACTERS = 1_000;
