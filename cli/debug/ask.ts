/** One GraphQL question to the gateway, over HTTP. */

import * as z from 'zod';
import { deadlineSignal } from '../../common/clock.ts';
import { parsedJson } from '../../common/json.ts';
import { printableLine } from '../printable.ts';
import { cleaned, LONGEST_TEXT } from './cleaned.ts';
import { type Operation, operations } from './operations.ts';
import type { Gateway } from './target.ts';

/** Milliseconds, far more than the gateway waits for a database and for replicas. */
const TIMEOUT_MS = 15_000;

/** A GraphQL error, as far as a person needs it, made safe for a terminal. */
const problem = z.object({
  message: z.string(),
  path: z.array(z.union([z.string(), z.number()])).optional(),
  extensions: z.object({ code: z.string().optional() }).optional(),
});
export type Problem = z.output<typeof problem>;

const response = z.object({ data: z.unknown().optional(), errors: z.array(problem).default([]) });

/** Error where no answer can be shown. Its message says why, and what to do. */
export class NoAnswer extends Error {
  override name = 'NoAnswer';
  /** True if the same question may be answered later, asked the same way. */
  readonly mayHeal: boolean;
  /** True if the question may have arrived, and may still be worked on. */
  readonly mayBeUnderWay: boolean;

  constructor(message: string, mayHeal: boolean, mayBeUnderWay = false) {
    super(message);
    this.mayHeal = mayHeal;
    this.mayBeUnderWay = mayBeUnderWay;
  }
}

export interface Answered<Data> {
  /** Data of the answer, checked and cleaned: foreign text must not act on a terminal, nor fill it. */
  readonly data: Data;
  /** Data as it came. */
  readonly raw: unknown;
  /** Errors of the answer. */
  readonly problems: readonly Problem[];
}

/** Codes of failures before anything was sent. */
const NEVER_SENT = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'];

/** @throws NoAnswer */
export type Ask = <Data>(
  operation: Operation,
  variables: Readonly<Record<string, unknown>>,
  shape: z.ZodType<Data>,
  /** Operation of a document that has several. */
  operationName?: string,
) => Promise<Answered<Data>>;

/** @param parent aborts the question */
export const asking =
  (gateway: Gateway, parent?: AbortSignal): Ask =>
  async (operation, variables, shape, operationName) => {
    const body = { query: operations[operation], variables, operationName };
    return readAnswer(gateway, await post(gateway, body, parent), shape);
  };

/** What came back from a gateway. */
export interface Received {
  /** HTTP status. */
  readonly status: number;
  readonly mediaType: string;
  /** Value of JSON; undefined: it was none. */
  readonly body: unknown;
}

/** @throws NoAnswer */
export function readAnswer<Data>(gateway: Gateway, received: Received, shape: z.ZodType<Data>): Answered<Data> {
  const { status, mediaType, body } = received;
  const parsed = response.safeParse(cleaned(body));
  if (!parsed.success) {
    const what = `status ${status}, ${printableLine(mediaType, LONGEST_TEXT) || 'without a content type'}`;
    const isPassing = status >= 500; // of a proxy before a gateway that is slow, or away
    throw new NoAnswer(
      `What answers at ${gateway.url} is no GraphQL gateway: ${what}. Check --url.`,
      isPassing,
      isPassing,
    );
  }
  const { data, errors } = parsed.data;
  const [first] = errors;
  if (first && (data === null || data === undefined)) throw refusal(gateway, status, first);
  const checked = shape.safeParse(data);
  if (!checked.success) {
    throw new NoAnswer(
      `The gateway at ${gateway.url} answers in a way that this version does not know: ${z.prettifyError(checked.error)}`,
      false,
    );
  }
  return { data: checked.data, raw: z.object({ data: z.unknown() }).parse(body).data, problems: errors };
}

async function post({ url, token }: Gateway, body: object, parent: AbortSignal | undefined): Promise<Received> {
  const deadline = deadlineSignal(TIMEOUT_MS, parent);
  try {
    const received = await fetch(url, {
      method: 'POST',
      headers: {
        ...{ 'content-type': 'application/json', authorization: `Bearer ${token}` },
        'x-chat-debug-via': 'terminal',
      },
      body: JSON.stringify(body),
      redirect: 'error',
      signal: deadline.signal,
    });
    const text = await received.text();
    return { status: received.status, mediaType: received.headers.get('content-type') ?? '', body: parsedJson(text) };
  } catch (error) {
    const late = deadline.signal.aborted && !parent?.aborted;
    const why = late ? `within ${TIMEOUT_MS / 1000} s` : `(${causeOf(error)})`;
    const isSent = !NEVER_SENT.includes(causeOf(error));
    throw new NoAnswer(`The gateway at ${url} does not answer ${why}. Is the system running?`, true, isSent);
  } finally {
    deadline.clear();
  }
}

/** Cause of a failed fetch; its own message says only that it failed. */
export function causeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message;
  return error instanceof Error ? error.message : String(error);
}

function refusal({ url }: Gateway, status: number, { message, extensions }: Problem): NoAnswer {
  if (status === 401) {
    const mint = '`npm run token -- --sub <uuid> --role chat-debug:read-all`';
    return new NoAnswer(
      `The gateway at ${url} does not take the token. Give another with --token or CHAT_DEBUG_TOKEN; ${mint} makes one.`,
      false,
    );
  }
  const code = extensions?.code ? ` (${extensions.code})` : '';
  if (extensions?.code === 'GRAPHQL_VALIDATION_FAILED') {
    return new NoAnswer(
      `The gateway at ${url} does not know all that this terminal asks, so it is probably older: ${message} Bring it up to date, or use the terminal that came with it.`,
      false,
    );
  }
  return new NoAnswer(`${message}${code}`, status < 400 || status === 429 || status >= 500);
}
