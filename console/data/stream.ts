/** One stream from the gateway: whole answers as they come, until it ends. */
import { createClient, NetworkError } from 'graphql-sse';
import { addressOf } from './address.ts';
import { type Answer, CUT_OFF, codeOf, headers, type Problem, questionOf, readAnswer } from './ask.ts';
import { after, setBy } from './clock.ts';
import { legible } from './legible.ts';
import type { Operation } from './operation.ts';
import { token } from './session.ts';

/** Milliseconds without a word, after which a connection is taken for dead. The gateway says something every 10 s. */
const SILENT_MS = 25_000;
/** Milliseconds up to the first answer, after which something on the way is taken to hold the stream back. */
const FIRST_MS = 8_000;

/** Milliseconds after the end of a connection, in which its last answers are still taken. */
const LAST_MS = 100;

/** How a stream ended. */
type End =
  /** This page ended it. */
  | { readonly kind: 'stopped' }
  /** The connection broke, fell silent, or ends at a proxy that does not reach the gateway. It may come back. */
  | { readonly kind: 'lost'; readonly opened: boolean; readonly isSilent: boolean; readonly message?: string }
  /** The gateway ended it, or refused it. Without a time to come back the same would be refused again. */
  | {
      readonly kind: 'ended';
      readonly code: string;
      readonly message: string;
      readonly retryAfterMs?: number;
      readonly opened: boolean;
    };

/** Follows a subscription until it ends. @param onAnswer is called with each answer */
export async function follow<A, V>(
  operation: Operation<A, V>,
  variables: V,
  aborting: AbortSignal,
  onAnswer: (answer: Answer<A>) => void,
): Promise<End> {
  const silent = new AbortController();
  const asked = token.value;
  let endWatch = after(FIRST_MS, () => silent.abort());
  let opened = false;
  let last: Problem | undefined;
  let stop = () => {};
  const client = createClient({
    url: addressOf('graphql'),
    retryAttempts: 0,
    headers: () => headers(),
    credentials: 'same-origin',
    fetchFn: fetchUntil(() => after(LAST_MS, () => stop())),
  });
  const lost = () => ({ kind: 'lost', opened, isSilent: silent.signal.aborted }) as const;
  const take = ({ data, errors }: { readonly data?: A | null; readonly errors?: unknown }) => {
    endWatch();
    endWatch = after(SILENT_MS, () => silent.abort());
    opened = true;
    const problems = legible(errors ?? []) as readonly Problem[];
    last = data === undefined ? problems[0] : undefined;
    if (data !== undefined) onAnswer({ data: legible(data) ?? null, problems });
  };
  try {
    await new Promise<void>((resolve, reject) => {
      // The client waits for ever where a connection ends together with its last answer: this ends it by itself.
      stop = resolve;
      aborting.addEventListener('abort', stop);
      silent.signal.addEventListener('abort', stop);
      if (aborting.aborted) return resolve();
      client.subscribe<A, Record<string, unknown>>(questionOf(operation, variables), {
        ...{ next: take, error: reject, complete: resolve },
      });
    });
    if (aborting.aborted) return { kind: 'stopped' };
    return last ? endOf(last, opened) : lost();
  } catch (error) {
    if (aborting.aborted) return { kind: 'stopped' };
    const response = error instanceof NetworkError ? (error.response as Response | undefined) : undefined;
    if (!response || typeof response.json !== 'function') return last ? endOf(last, opened) : lost();
    const { problems } = await readAnswer(response, asked);
    const waitMs = Number(response.headers.get('retry-after')) * 1_000;
    const end = endOf(problems[0], opened, waitMs > 0 ? waitMs : undefined);
    if (waitMs > 0 || (response.status < 500 && !['NO_ANSWER', CUT_OFF].includes(end.code))) return end;
    return { ...lost(), message: end.message };
  } finally {
    endWatch();
    aborting.removeEventListener('abort', stop);
    client.dispose();
  }
}

/** Way to fetch that tells when the whole body of an answer was read. */
const fetchUntil =
  (ended: () => void) =>
  async (...asked: Parameters<typeof fetch>): Promise<Response> => {
    const response = await fetch(...asked);
    setBy(response);
    if (!response.ok || !response.body) return response;
    return new Response(response.body.pipeThrough(new TransformStream({ flush: ended })), response);
  };

function endOf(problem: Problem | undefined, opened: boolean, waitMs?: number): Extract<End, { kind: 'ended' }> {
  const told = problem?.extensions?.retryAfterMs;
  const retryAfterMs = waitMs ?? (typeof told === 'number' ? told : undefined);
  return {
    kind: 'ended',
    opened,
    code: problem ? codeOf(problem) : 'NO_ANSWER',
    message: problem?.message ?? 'The live view has ended.',
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}
