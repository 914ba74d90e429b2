/**
 * A model behind an OpenAI-compatible HTTP server. It refuses histories that providers refuse, and else does for each chat
 * what its first message has a script for.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll } from '@jest/globals';
import { z } from 'zod';
import { type ModelMessage, modelMessage, refusalOf } from './providerRules.ts';

const request = z.object({ messages: z.array(modelMessage) });

/** One request for an answer. */
export interface ModelCall {
  /** From 1, for this chat. */
  readonly number: number;
  readonly messages: readonly ModelMessage[];
  readonly answer: ServerResponse;
}

export type ModelScript = (call: ModelCall) => Promise<void> | void;

export class ModelServer {
  readonly #server: Server = createServer((received, answer) => void this.#answer(received, answer));
  readonly #scripts = new Map<string, ModelScript>();
  readonly #calls = new Map<string, number>();

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  /** The setting with which replicas call it. */
  get setting(): string {
    const { port } = this.#server.address() as { port: number };
    return `openai-compatible:m@http://127.0.0.1:${port}/v1`;
  }

  /** For the chat that begins with this message. */
  script(firstMessage: string, script: ModelScript): void {
    this.#scripts.set(firstMessage, script);
  }

  /** How often it was called for that chat. */
  calls(firstMessage: string): number {
    return this.#calls.get(firstMessage) ?? 0;
  }

  async #answer(received: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { messages } = request.parse(JSON.parse(await text(received)));
    const first = textOf(messages.find(({ role }) => role === 'user'));
    const number = this.calls(first) + 1;
    this.#calls.set(first, number);
    const call = { number, messages, answer };
    const wrong = refusalOf(messages);
    if (wrong) return refuse(call, 400, { message: wrong, type: 'invalid_request_error' });
    const script = this.#scripts.get(first) ?? ((one) => say(one, 'An answer.'));
    await script(call);
  }
}

/** Call at the top of a test file. */
export function modelServerOfFile(): ModelServer {
  const server = new ModelServer();
  beforeAll(() => server.listen());
  afterAll(() => server.close());
  return server;
}

function textOf(message: ModelMessage | undefined): string {
  const content = message?.content;
  if (typeof content === 'string') return content;
  return z
    .array(z.object({ text: z.string() }))
    .catch([])
    .parse(content)
    .map((part) => part.text)
    .join('');
}

/** Begins a stream. */
export function begin({ answer }: ModelCall): void {
  if (!answer.headersSent) answer.writeHead(200, { 'content-type': 'text/event-stream' });
}

/** Sends one event with this JSON. */
export function event(call: ModelCall, data: object): void {
  begin(call);
  call.answer.write(`data: ${JSON.stringify(data)}\n\n`);
}

/** Sends one piece of the answer. */
export function delta(call: ModelCall, piece: object, finishReason: string | null = null): void {
  const choice = { index: 0, delta: piece, finish_reason: finishReason };
  event(call, { id: 'x', object: 'chat.completion.chunk', created: 0, model: 'm', choices: [choice] });
}

/** Ends the stream in order. */
export function finish(call: ModelCall, finishReason: string): void {
  delta(call, {}, finishReason);
  call.answer.end('data: [DONE]\n\n');
}

export function say(call: ModelCall, words: string): void {
  delta(call, { role: 'assistant', content: words });
  finish(call, 'stop');
}

/** Calls a tool without arguments. */
export function callTool(call: ModelCall, name: string, finishReason = 'tool_calls'): void {
  const id = `call-${call.messages.length}`;
  const toolCall = { index: 0, id, type: 'function', function: { name, arguments: '{}' } };
  delta(call, { role: 'assistant', tool_calls: [toolCall] });
  finish(call, finishReason);
}

/** Refuses, in the form that providers share. */
export function refuse(
  { answer }: ModelCall,
  status: number,
  error: { message: string; code?: string; type?: string },
  headers: Readonly<Record<string, string>> = {},
): void {
  answer.writeHead(status, { 'content-type': 'application/json', ...headers });
  answer.end(JSON.stringify({ error }));
}
