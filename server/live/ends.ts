/** Ends of a stream, each with a code that says whether and when to come back. */
import type { Refusal } from '../graphql/answer.ts';
import type { ErrorCode } from '../graphql/errors.ts';

/** End that the client is told. */
export interface StreamEnd {
  readonly code: ErrorCode;
  /** Sentence for a person. */
  readonly message: string;
  /** Milliseconds after which to come back. Undefined: the same request would be refused. */
  readonly retryAfterMs?: number;
}

/** End of a stream, for metrics. `SLOW_READER` and `CLIENT_GONE` are those that nobody can be told. */
export type EndCode = ErrorCode | 'SLOW_READER' | 'CLIENT_GONE';

export const STOPPING: StreamEnd = {
  code: 'STOPPING',
  message: 'This gateway is about to stop. Open the stream again: another one, or the next one here, takes it.',
  retryAfterMs: 500,
};

export const SCHEMA_CHANGED: StreamEnd = {
  code: 'SCHEMA_CHANGED',
  message: 'The schema has changed, and this subscription is no longer valid. Load the schema again and change it.',
};

/** End of the stream of a caller whose token is no longer taken. */
export function endOf({ body, headers }: Refusal): StreamEnd {
  const [{ message, extensions }] = body.errors;
  const code = extensions?.code as ErrorCode;
  if (code === 'UNAUTHENTICATED') return { code, message: 'The token has run out. Open the stream with a new one.' };
  const seconds = Number(headers['retry-after']);
  return { code, message, ...(seconds > 0 && { retryAfterMs: seconds * 1_000 }) };
}

/** Error of an end, as JSON. */
export const errorText = ({ code, message, retryAfterMs }: StreamEnd): string =>
  JSON.stringify({ message, extensions: { code, ...(retryAfterMs !== undefined && { retryAfterMs }) } });
