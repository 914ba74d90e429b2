/** Values that a bundle holds without the words of people, providers and other programs. */
import { wordsForFailure } from '../databaseFailures.ts';
import { breakOffIn } from '../diagnosis/breakOff.ts';
import { count, flag, json, text } from '../diagnosis/snapshot.ts';

/** Stands for words that were there, and that a bundle does not hold. */
export const LEFT_OUT = '[left out]';

/** Name or code: one word of at most 60 characters, such as `rate_limit` or `57014`. */
const CODE = /^[\w.:/-]{1,60}$/;
/** Name of an error, as programs spell them. */
const ERROR_NAME = /^(?:[A-Za-z]*Error|[A-Z0-9]+(?:_[A-Z0-9]+)*)$/;
const MOMENT = /^\d{4,6}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/;

/** Text of which only its being there is kept. */
export const words = text.transform((value) => value && LEFT_OUT);
/** Text that should be a name or a code. Anything longer is left out. */
export const code = text.transform((value) => (value === null || CODE.test(value) ? value : LEFT_OUT));
/** Date and time by RFC 3339; anything else counts as not known. */
export const moment = text.transform((value) => (value !== null && MOMENT.test(value) ? value : null));

/** Failure of a turn, without the words of who failed. */
export const lastError = json({
  kind: code,
  provider: code,
  status_code: count,
  retryable: flag,
  message: text,
}).transform((error) => error && { ...error, message: error.message && withoutWords(error.kind, error.message) });

/** Reason of a wait for the model, without the words of its provider. */
export const retryState = json({ attempt: count, kind: code, retrying_at: moment, error: words });

/** Message of the worker's own failure with nothing but the codes that the rules read in it. */
function withoutWords(kind: string | null, message: string): string {
  const { failure, defect } = kind === 'internal' ? breakOffIn(message) : {};
  if (failure) return `The turn broke off […]: the database ${wordsForFailure(failure).says} (${failure}); […]`;
  return defect && ERROR_NAME.test(defect) ? `The turn broke off […]: ${defect}` : LEFT_OUT;
}
