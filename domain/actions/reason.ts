/** What a reason for an action may be, for the operator that checks it and the console that says so before. Pure. */

/** Bounds of a reason, in characters. */
export const REASON_CHARACTERS = { least: 5, most: 500 };
/** Characters that could change how the record around them is read: controls, half characters, and marks of direction. */
const UNREADABLE = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

/** Number of characters, as a person counts them. */
export const charactersOf = (reason: string): number => [...reason].length;

/** True for one line of plain text. */
export const isPlainLine = (reason: string): boolean => !UNREADABLE.test(reason);
