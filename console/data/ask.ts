/** One question to the gateway, and its answer. */
import { addressOf } from './address.ts';
import { after, setBy } from './clock.ts';
import { legible } from './legible.ts';
import type { Operation } from './operation.ts';
import { authorization, refused, token } from './session.ts';

/** Error of an answer, as GraphQL has it. */
export interface Problem {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: Readonly<Record<string, unknown>>;
}

export interface Answer<A> {
  /** Null: nothing was answered, and `problems` says why. */
  readonly data: A | null;
  readonly problems: readonly Problem[];
}

/** Question as it is sent. */
export const questionOf = <A, V>({ text, name }: Operation<A, V>, variables: V) => ({
  query: text,
  operationName: name,
  variables: variables as Record<string, unknown>,
});

/** Headers of every question. The way is noted in records of actions. */
export const headers = (): Record<string, string> => ({ ...authorization(), 'x-chat-debug-via': 'console' });

export const codeOf = ({ extensions }: Problem): string => String(extensions?.code ?? '');

/** Milliseconds after which an answer is not waited for. The gateway gives up on others long before. */
const LIMIT_MS = 30_000;

/** Asks once. Never throws: what went wrong is in `problems`. */
export async function ask<A, V>(operation: Operation<A, V>, variables: V, signal?: AbortSignal): Promise<Answer<A>> {
  const ending = new AbortController();
  const end = () => ending.abort();
  if (signal?.aborted) end();
  signal?.addEventListener('abort', end);
  const endLimit = after(LIMIT_MS, end);
  const asked = token.value;
  try {
    const response = await fetch(addressOf('graphql'), {
      method: 'POST',
      headers: {
        ...headers(),
        accept: 'application/graphql-response+json, application/json',
        'content-type': 'application/json',
      },
      body: JSON.stringify(questionOf(operation, variables)),
      signal: ending.signal,
    }).catch(() => undefined);
    if (!response) return unanswered('UNREACHABLE', 'The gateway cannot be reached.');
    setBy(response);
    return await readAnswer(response, asked);
  } finally {
    endLimit();
    signal?.removeEventListener('abort', end);
  }
}

/** Reads an answer that is no stream. @param asked token with which it was asked */
export async function readAnswer<A>(response: Response, asked: string): Promise<Answer<A>> {
  const text = await response.text().catch(() => undefined);
  const body = text === undefined ? CUT : parsed(text, response.headers.get('content-type') ?? '');
  if (body === CUT) return unanswered(CUT_OFF, 'The answer of the gateway was cut off on its way.');
  if (typeof body !== 'object' || body === null) {
    return unanswered('NO_ANSWER', `What answers is no gateway: HTTP status ${response.status}.`);
  }
  const { data = null, errors = [] } = legible(body) as { data?: A | null; errors?: readonly Problem[] };
  if (response.status === 401) refused(errors[0]?.message ?? '', asked);
  return { data, problems: errors };
}

/** Code of an answer whose end did not come. */
export const CUT_OFF = 'CUT_OFF';
const CUT = Symbol('an answer whose end did not come');

/** Value of JSON, or what the beginning of one is. Undefined: it is no JSON, and was not said to be. */
function parsed(text: string, mediaType: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text !== '' && /[/+]json\b/i.test(mediaType) ? CUT : undefined;
  }
}

/** The answer to a question that is asked again by itself: says so of one that was cut off. */
export const askedAgain = <A>({ data, problems }: Answer<A>): Answer<A> => ({
  data,
  problems: problems.map((one) =>
    codeOf(one) === CUT_OFF ? { ...one, message: `${one.message} It is asked for again.` } : one,
  ),
});

const unanswered = <A>(code: string, message: string): Answer<A> => ({
  data: null,
  problems: [{ message, extensions: { code } }],
});
