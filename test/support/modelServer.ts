/**
 * A server that speaks the OpenAI-compatible protocol, as well or as badly as it is told.
 * Each chat is known by the first message of its person. Its requests are checked by the rules of the strictest
 * providers.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll } from '@jest/globals';

/** One answer over HTTP. */
export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Written one after the other, each a packet of its own. */
  readonly body: readonly string[];
  /** `silent`: never. `reset`: the connection breaks. */
  readonly end?: 'close' | 'reset' | 'silent';
}

interface RequestMessage {
  readonly role: string;
  readonly content?: unknown;
  readonly tool_call_id?: string;
  readonly tool_calls?: readonly { id: string; function: { name: string; arguments: string } }[];
}

/** Answers for one chat, call by call. */
export type Plan = (call: number) => Answer;

export interface ModelServer {
  /** Value for the setting MODEL. */
  readonly setting: string;
  /** Sets the answers to the chat whose first message is `text`, from now on. */
  answer(text: string, plan: Plan): void;
  /** The requests for that chat, oldest first. */
  requests(text: string): readonly (readonly RequestMessage[])[];
  /** Answers whose connection is still there and in use. */
  readonly unfinished: number;
  /** Words on what a strict provider would have refused. */
  readonly faults: readonly string[];
}

/** A chunk of a stream. */
export const chunk = (delta: object, finish: string | null = null): string =>
  frame({
    id: '1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
export const frame = (data: object): string => `data: ${JSON.stringify(data)}\n\n`;
export const DONE = 'data: [DONE]\n\n';

/** A stream with these chunks and this end. */
export const stream = (...body: string[]): Answer => ({ headers: { 'content-type': 'text/event-stream' }, body });
export const says = (text: string): Answer =>
  stream(chunk({ role: 'assistant', content: text }), chunk({}, 'stop'), DONE);
export const calls = (
  name: string,
  finish: string | null = 'tool_calls',
  input = '{}',
  id: string | null = 'call_0',
): Answer =>
  stream(chunk({ tool_calls: [{ index: 0, id, function: { name, arguments: input } }] }), chunk({}, finish), DONE);
export const refuses = (status: number, error: unknown, headers: Record<string, string> = {}): Answer => ({
  ...{ status, headers: { 'content-type': 'application/json', ...headers } },
  body: [JSON.stringify({ error })],
});

/** Call at the top of a test file. */
export function modelServerPerFile(): ModelServer {
  const plans = new Map<string, Plan>();
  const asked = new Map<string, RequestMessage[][]>();
  const faults: string[] = [];
  let url = '';
  let unfinished = 0;
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    request.on('end', () => {
      const { messages } = JSON.parse(text) as { messages: RequestMessage[] };
      const first = String(messages.find(({ role }) => role === 'user')?.content);
      const requests = asked.get(first) ?? [];
      asked.set(first, [...requests, messages]);
      faults.push(...faultsOf(messages));
      const answer = plans.get(first)?.(requests.length) ?? says(`Nothing was planned for ${first}`);
      unfinished += 1;
      response.on('close', () => {
        unfinished -= 1;
      });
      void send(response, answer);
    });
  });
  beforeAll(async () => {
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });
  return {
    get setting() {
      return `openai-compatible:m@${url}`;
    },
    answer: (text, plan) => {
      plans.set(text, plan);
    },
    get unfinished() {
      return unfinished;
    },
    requests: (text) => asked.get(text) ?? [],
    faults,
  };
}

async function send(
  response: ServerResponse,
  { status = 200, headers = {}, body, end = 'close' }: Answer,
): Promise<void> {
  response.writeHead(status, headers);
  response.flushHeaders();
  for (const part of body) await new Promise((done) => response.write(part, done));
  if (end === 'close') response.end();
  if (end === 'reset') response.socket?.resetAndDestroy();
}

/** The rules: each call has one result right behind it, ids come once, inputs are objects, nothing is empty. */
function faultsOf(messages: readonly RequestMessage[]): string[] {
  const faults: string[] = [];
  const ids = new Set<string>();
  let open: string[] = [];
  for (const { role, content, tool_call_id: answered = '', tool_calls: called = [] } of messages) {
    if (role === 'tool') {
      if (!open.includes(answered)) faults.push(`a result for ${answered}, which is not open`);
      open = open.filter((id) => id !== answered);
      continue;
    }
    if (open.length > 0) faults.push(`no result for ${open.join()} before a message of ${role}`);
    open = called.map(({ id }) => id);
    for (const { id, function: made } of called) {
      if (ids.has(id)) faults.push(`the id ${id} comes twice`);
      ids.add(id);
      if (!/^[\w-]{1,40}$/.test(id)) faults.push(`the id ${id} is not allowed`);
      if (!/^[\w-]{1,64}$/.test(made.name)) faults.push(`the name ${made.name} is not allowed`);
      if (!/^\{/.test(made.arguments) || !isJson(made.arguments))
        faults.push(`the input ${made.arguments} is no object`);
    }
    if (role === 'assistant' && called.length === 0 && !String(content ?? '').trim()) faults.push('an empty message');
  }
  if (open.length > 0) faults.push(`no result for ${open.join()} at the end`);
  return faults;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
