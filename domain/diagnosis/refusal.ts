/** Words for a refusal of the database, and for its remedy. */
import { wordsForFailure } from '../databaseFailures.ts';
import type { DatabaseRefusal } from './conditions/refusals.ts';
import { word } from './wording.ts';

/** Clause on what the database refuses. */
export const refusalText = (refusal: DatabaseRefusal): string =>
  `the database ${wordsForFailure(refusal.word).says} (${word(refusal.word)})`;

/** Remedy, as the predicate of a sentence on an operator. */
export const mending = (refusal: DatabaseRefusal): string => wordsForFailure(refusal.word).mend;
