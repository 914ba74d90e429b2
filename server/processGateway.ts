/** Questions of a process of the system to the gateway, over HTTP, with an internal token. */
import { Agent, request } from 'undici';
import * as z from 'zod';
import { deadlineSignal } from '../common/clock.ts';
import { parsedJson } from '../common/json.ts';
import { type Caller, signInternalToken } from './tokens/internalToken.ts';

/** Milliseconds, far more than the gateway waits for a database and for replicas. */
const TIMEOUT_MS = 15_000;
const MOST_ANSWER_BYTES = 16 * 1024 * 1024;

const problem = z.object({
  path: z.array(z.union([z.string(), z.number()])).nullish(),
  extensions: z.object({ code: z.string().nullish() }).nullish(),
});
const answer = z.object({ data: z.unknown().optional(), errors: z.array(problem).default([]) });

/** An error of an answer. Its words are not read. */
interface Problem {
  readonly path: readonly (string | number)[];
  readonly code: string | null;
}

interface Answered {
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

/** @param timeoutMs milliseconds after which the question is given up @throws NoAnswer */
export type AskGateway<Operation extends string> = (
  operation: Operation,
  variables: Readonly<Record<string, unknown>>,
  timeoutMs?: number,
) => Promise<Answered>;

export interface GatewayClient<Operation extends string> {
  readonly ask: AskGateway<Operation>;
  /** Ends what is still asked. */
  close(): Promise<void>;
}

interface ProcessGateway<Operation extends string> {
  /** GraphQL endpoint of the gateway. */
  readonly url: string;
  readonly internalSecret: string;
  /** The process, as a caller. */
  readonly caller: Caller;
  /** Texts of its operations. The gateway answers it no others. */
  readonly texts: Readonly<Record<Operation, string>>;
}

/** Connects to nothing yet. Whoever opens it closes it. */
export function openGateway<Operation extends string>(options: ProcessGateway<Operation>): GatewayClient<Operation> {
  const { url, internalSecret, caller, texts } = options;
  const dispatcher = new Agent({ connections: 2, maxResponseSize: MOST_ANSWER_BYTES });
  const post = async (body: string, timeoutMs: number) => {
    const token = await signInternalToken(internalSecret, 'gateway', caller);
    const { signal, clear } = deadlineSignal(timeoutMs);
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
    ask: async (operation, variables, timeoutMs = TIMEOUT_MS) => {
      const { status, text } = await post(JSON.stringify({ query: texts[operation], variables }), timeoutMs);
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
