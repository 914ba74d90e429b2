/** Words that are told: of a failure never its message, which may hold what a person wrote. */
import { cut } from '../domain/cut.ts';

/** Longest text that is told. */
const MAX_WORDS = 200;

/**
 * A text as the worker says it, cut; of an error only its code, or its name.
 * A worker that wants to say more gives a text, and sees to it that it holds no content.
 */
export function inWords(reason: unknown): string {
  if (typeof reason === 'string') return cut(reason, MAX_WORDS - 1);
  if (!(reason instanceof Error)) return 'failed';
  return cut('code' in reason && typeof reason.code === 'string' ? reason.code : reason.name, MAX_WORDS - 1);
}

/** Longest label that the protocol has room for. */
const MAX_LABEL = 500;

/** A worker's own words for its present work, cut. What is no text says nothing. */
export const inBrief = (label: unknown): string | undefined =>
  typeof label === 'string' ? cut(label, MAX_LABEL - 1) : undefined;
