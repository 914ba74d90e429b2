/** Numbers as evidence shows them. Pure. */

/** Digits behind the point: milliseconds of an age. */
const DIGITS = 3;

/** Replaces the numbers of a value for `JSON.stringify`: none has more digits than a person reads. */
export const shownFigures = (_name: string, value: unknown): unknown =>
  typeof value === 'number' ? Number(value.toFixed(DIGITS)) : value;
