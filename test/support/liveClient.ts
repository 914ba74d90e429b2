/** A client of live views: reads the events of one subscription, and keeps them. */
import { afterEach } from '@jest/globals';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { callerToken, type GatewayRequest, type GraphqlError } from '../gateway/gateways.ts';
import { until } from './until.ts';

/** What an event of the name `next` holds. */
interface LiveResult<Data = Record<string, unknown>> {
  readonly data?: Data | null;
  readonly errors?: readonly (GraphqlError & { readonly extensions: { readonly retryAfterMs?: number } })[];
  readonly extensions?: { readonly alive?: true; readonly skipped?: number };
}

interface LiveClient<Data = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  /** Results so far, in order, without those that are signs of life. */
  readonly results: LiveResult<Data>[];
  /** Number of signs of life. */
  alive(): number;
  /** Body, if it is no stream. */
  readonly refusal: { errors: readonly GraphqlError[] } | undefined;
  /** True once the server has said that nothing follows. */
  isComplete(): boolean;
  /** True once the connection has ended, however. */
  hasEnded(): boolean;
  /** Waits for a result for which it holds, among those that came and those that come. */
  result(what: string, holds: (result: LiveResult<Data>) => boolean): Promise<LiveResult<Data>>;
  /** Waits for the end, and gives the code in the last result. */
  endCode(): Promise<string | undefined>;
  close(): void;
}

/** Call at the top of a test file. What is opened is closed after each test. */
export function liveClientsPerTest() {
  const closing: (() => void)[] = [];
  afterEach(() => {
    for (const close of closing.splice(0)) close();
  });
  return async <Data = Record<string, unknown>>(
    gateway: { url: string },
    query: string,
    { token, headers = {}, ...request }: GatewayRequest = {},
  ): Promise<LiveClient<Data>> => {
    const ending = new AbortController();
    closing.push(() => ending.abort());
    const response = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: {
        accept: 'text/event-stream',
        'content-type': 'application/json',
        authorization: `Bearer ${token ?? (await callerToken())}`,
        ...headers,
      },
      body: JSON.stringify({ query, ...request }),
      signal: ending.signal,
    });
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') ?? false;
    const state = { isComplete: false, hasEnded: false, alive: 0 };
    const results: LiveResult<Data>[] = [];
    const read = async () => {
      const events = response.body?.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
      for await (const { event, data } of events ?? []) {
        if (event === 'complete') state.isComplete = true;
        if (event !== 'next') continue;
        const result: LiveResult<Data> = JSON.parse(data);
        if (result.extensions?.alive) state.alive += 1;
        else results.push(result);
      }
    };
    const ended = async () => {
      await read().catch(() => {}); // whoever waits for something sees that it does not come
      state.hasEnded = true;
    };
    if (isStream) void ended();
    return {
      ...{ status: response.status, headers: response.headers, results },
      alive: () => state.alive,
      refusal: isStream ? undefined : ((await response.json()) as { errors: GraphqlError[] }),
      isComplete: () => state.isComplete,
      hasEnded: () => state.hasEnded,
      result: (what, holds) =>
        until(
          () => `${what}, after ${JSON.stringify(results.at(-1))}`,
          () => results.find(holds),
        ),
      endCode: async () => {
        await until('the stream ends', () => state.hasEnded);
        return results.at(-1)?.errors?.[0]?.extensions.code;
      },
      close: () => ending.abort(),
    };
  };
}
