/** Live views of the gateway: one answer after another, over one connection ("GraphQL over Server-Sent Events"). */
import { EventSourceParserStream } from 'eventsource-parser/stream';
import * as z from 'zod';
import { type Clock, deadlineSignal, whenOver } from '../../common/clock.ts';
import { parsedJson } from '../../common/json.ts';
import { type Ask, causeOf, NoAnswer, type Received, readAnswer } from './ask.ts';
import { cleaned } from './cleaned.ts';
import { type LiveView, subscriptions } from './operations.ts';
import type { Gateway } from './target.ts';

/** Milliseconds without an event after which the connection is dead; a sign of life comes every 10 s. */
const SILENCE_MS = 25_000;
/** Milliseconds for the head of an answer. */
const OPEN_MS = 15_000;
const STREAM = 'text/event-stream';

/** Error where the gateway gives no live view, and may well answer queries. */
export class NoLiveView extends Error {
  override name = 'NoLiveView';
}

export interface Followed {
  readonly view: LiveView;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Bounds of the gateway for the time between two looks, in milliseconds. */
const [LEAST_MS, MOST_MS] = [250, 60_000];

/** Live view that looks about as often as is wished for. */
export const everyInterval = ({ view, variables }: Followed, intervalSeconds: number): Followed => ({
  view,
  variables: { ...variables, everyMs: Math.min(Math.max(Math.round(intervalSeconds * 1000), LEAST_MS), MOST_MS) },
});

/** Asks as `ask` does, but for the question that the live view has answered. */
export const answeredBy =
  (gateway: Gateway, { view, variables }: Followed, received: Received, ask: Ask): Ask =>
  async (operation, asked, shape) =>
    operation === view && JSON.stringify(asked) === JSON.stringify(variables)
      ? readAnswer(gateway, received, shape)
      : ask(operation, asked, shape);

const ended = z.object({
  data: z.undefined(),
  errors: z.tuple(
    [
      z.object({
        message: z.string(),
        extensions: z.object({ code: z.string(), retryAfterMs: z.number().optional() }),
      }),
    ],
    z.unknown(),
  ),
});

/**
 * Follows a live view: gives its answers until `signal` aborts. It comes back by itself where the gateway says so.
 * @throws NoLiveView if the gateway gives none; NoAnswer if the connection breaks, or asking again cannot help
 */
export async function* follow(
  gateway: Gateway,
  { view, variables }: Followed,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<Received> {
  while (!signal.aborted) {
    let retryAfterMs: number | undefined;
    for await (const data of events(gateway, { query: subscriptions[view], variables }, signal)) {
      const body = parsedJson(data);
      const end = ended.safeParse(body).data?.errors[0];
      if (!end) {
        yield { status: 200, mediaType: STREAM, body };
        continue;
      }
      ({ retryAfterMs } = end.extensions);
      if (retryAfterMs === undefined) throw new NoAnswer(`${end.message} (${end.extensions.code})`, false);
    }
    if (retryAfterMs === undefined && !signal.aborted) throw lost(gateway, 'closed');
    await clock.sleep(retryAfterMs ?? 0, signal);
  }
}

const lost = ({ url }: Gateway, why: string) =>
  new NoAnswer(`The gateway at ${url} does not answer (${why}). Is the system running?`, true);

/** Data of the events of one connection. */
async function* events(gateway: Gateway, question: object, signal: AbortSignal): AsyncGenerator<string> {
  const body = await open(gateway, question, signal);
  const reader = body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream()).getReader();
  let isSilent = false;
  const cancel = () => void reader.cancel().catch(() => {}); // a pending read ends then, and the connection
  try {
    while (!signal.aborted) {
      const stopWaiting = whenOver(SILENCE_MS, signal, () => {
        isSilent = !signal.aborted;
        cancel();
      });
      const { done, value } = await reader.read().finally(stopWaiting);
      if (isSilent) throw lost(gateway, 'silent');
      if (done || value.event === 'complete') return;
      if (value.event === 'next') yield value.data;
    }
  } catch (error) {
    if (signal.aborted) return;
    throw error instanceof NoAnswer ? error : lost(gateway, causeOf(error));
  } finally {
    cancel();
  }
}

const refusals = z.object({ errors: z.tuple([z.object({ message: z.string() })], z.unknown()) });

/** @throws NoLiveView, or NoAnswer if nobody answers */
async function open(gateway: Gateway, question: object, parent: AbortSignal): Promise<ReadableStream> {
  const { url, token } = gateway;
  const deadline = deadlineSignal(OPEN_MS, parent);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: STREAM, authorization: `Bearer ${token}` },
      body: JSON.stringify(question),
      redirect: 'error',
      signal: deadline.signal,
    });
    const { ok, headers, body } = response;
    if (ok && body && headers.get('content-type')?.startsWith(STREAM)) return body;
    const refused = refusals.safeParse(cleaned(parsedJson(await response.text()))).data;
    throw new NoLiveView(refused?.errors[0].message ?? `It answers with status ${response.status}.`);
  } catch (error) {
    throw error instanceof NoLiveView ? error : lost(gateway, causeOf(error));
  } finally {
    deadline.clear();
  }
}
