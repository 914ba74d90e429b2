/** How it reads what the database refuses workers, and what mends it. */
import { wordsForFailure } from '../databaseFailures.ts';
import type { Refusal } from './conditions/refusals.ts';
import { word } from './wording.ts';

/** A clause. */
export const refusalText = (refusal: Refusal): string =>
  `the database ${wordsForFailure(refusal.word).says} (${word(refusal.word)})`;

/** The predicate of a sentence on an operator. */
export const mending = (refusal: Refusal): string => wordsForFailure(refusal.word).mend;
