/** Questions of the recorder to the gateway, over HTTP, with an internal token. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'undici';
import { z } from 'zod';
import { deadlineSignal } from '../../common/clock.ts';
import { parsedJson } from '../../common/json.ts';
import { RECORDER_CALLER, signInternalToken } from '../../server/tokens/internalToken.ts';

/** Milliseconds, far more than the gateway waits for a database and for replicas. */
const TIMEOUT_MS = 15_000;
const MOST_ANSWER_BYTES = 16 * 1024 * 1024;

const FILES = {
  suspects: 'operations/suspects.graphql',
  chats: 'operations/chats.graphql',
  bundle: '../../domain/bundle/bundle.graphql',
} as const;
export type Operation = keyof typeof FILES;

/** Text of an operation, as it is sent. The gateway answers the recorder no other. */
export const textOf = (operation: Operation): string =>
  readFileSync(new URL(FILES[operation], import.meta.url), 'utf8');

const problem = z.object({
  path: z.array(z.union([z.string(), z.number()])).nullish(),
  extensions: z.object({ code: z.string().nullish() }).nullish(),
});
const answer = z.object({ data: z.unknown().optional(), errors: z.array(problem).default([]) });

/** An error of an answer. Its words are not read. */
export interface Problem {
  readonly path: readonly (string | number)[];
  readonly code: string | null;
}

export interface Answered {
  /** Data as it came; null and undefined never. */
  readonly data: unknown;
  readonly problems: readonly Problem[];
}

/** Error where the gateway gave no data. Its `code` is one word, without content. */
export class NoAnswer extends Error {
  override name = 'NoAnswer';
  readonly code: string;

  constructor(code: string, options?: ErrorOptions) {
    super(`The gateway did not answer: ${code}`, options);
    this.code = code;
  }
}

/** @throws NoAnswer */
export type Ask = (operation: Operation, variables: Readonly<Record<string, unknown>>) => Promise<Answered>;

export interface GatewayClient {
  readonly ask: Ask;
  /** Ends what is still asked. */
  close(): Promise<void>;
}

/** @param url GraphQL endpoint of the gateway */
export function openGateway(url: string, internalSecret: string): GatewayClient {
  const texts = { suspects: textOf('suspects'), chats: textOf('chats'), bundle: textOf('bundle') };
  const dispatcher = new Agent({ connections: 2, maxResponseSize: MOST_ANSWER_BYTES });
  const post = async (body: string) => {
    const token = await signInternalToken(internalSecret, 'gateway', RECORDER_CALLER);
    const { signal, clear } = deadlineSignal(TIMEOUT_MS);
    try {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
      const response = await request(url, { method: 'POST', dispatcher, signal, headers, body });
      return { status: response.statusCode, text: await response.body.text() };
    } catch (cause) {
      throw new NoAnswer(signal.aborted ? 'TIMED_OUT' : 'UNREACHABLE', { cause });
    } finally {
      clear();
    }
  };
  return {
    ask: async (operation, variables) => {
      const { status, text } = await post(JSON.stringify({ query: texts[operation], variables }));
      const parsed = answer.safeParse(parsedJson(text));
      if (!parsed.success) throw new NoAnswer(`HTTP_${status}`);
      const { data, errors } = parsed.data;
      const problems = errors.map(({ path, extensions }) => ({ path: path ?? [], code: extensions?.code ?? null }));
      if (data === null || data === undefined) throw new NoAnswer(problems[0]?.code ?? `HTTP_${status}`);
      return { data, problems };
    },
    close: () => dispatcher.destroy(),
  };
}
