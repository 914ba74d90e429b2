/**
 * `chat-debug mcp`: the Model Context Protocol over standard input and output. Each line is one message. It goes to the
 * gateway's `/mcp` as it is, and the answer comes back as one line. So there is one set of tools and one set of rights.
 */
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { deadlineSignal } from '../../common/clock.ts';
import { isObject, type Json, parsedJson } from '../../common/json.ts';
import { causeOf } from './ask.ts';
import type { Gateway } from './target.ts';

/** Milliseconds, far more than the gateway waits for a database and for replicas. */
const TIMEOUT_MS = 30_000;
/** Member of a message in which newer clients name the version of the protocol. */
const VERSION_MEMBER = 'io.modelcontextprotocol/protocolVersion';

const PARSE_ERROR = -32_700;
const INVALID_REQUEST = -32_600;
const SERVER_ERROR = -32_000;

/** Serves until the input ends, and resolves when the last answer is written. */
export async function serveMcp({ url, token }: Gateway, input: Readable, output: Writable): Promise<void> {
  const endpoint = url.replace(/\/graphql$/, '/mcp');
  let agreed: string | undefined;
  const answer = async (line: string): Promise<void> => {
    const message = parsedJson(line);
    if (!isObject(message))
      return write(output, failure(null, message === undefined ? PARSE_ERROR : INVALID_REQUEST, NO_MESSAGE));
    const body = await send(endpoint, token, message, line, agreed);
    agreed ??= versionIn(body);
    const isRequest = message.id !== undefined && message.method !== undefined;
    if (isRequest)
      write(
        output,
        isObject(body) ? { ...body, id: message.id } : (body ?? failure(message.id, SERVER_ERROR, NO_ANSWER)),
      );
  };
  const running = new Set<Promise<void>>();
  for await (const line of createInterface({ input })) {
    if (line.trim() === '') continue;
    const one = answer(line).finally(() => running.delete(one));
    running.add(one);
    if (isHandshake(line)) await one; // the others name the version that it agrees on
  }
  await Promise.all(running);
}

/** True for the handshake of older clients. Newer ones name the version in each message, and wait for nothing. */
function isHandshake(line: string): boolean {
  const message = parsedJson(line);
  return isObject(message) && message.method === 'initialize';
}

/** @returns the answer as JSON, or an error in its place. Undefined: there is none, as to a notification */
async function send(
  url: string,
  token: string,
  message: Json,
  line: string,
  agreed: string | undefined,
): Promise<unknown> {
  const deadline = deadlineSignal(TIMEOUT_MS);
  try {
    const headers = headersOf(message, agreed);
    const received = await fetch(url, {
      method: 'POST',
      headers: { ...headers, authorization: `Bearer ${token}` },
      body: line,
      redirect: 'error',
      signal: deadline.signal,
    });
    const text = await received.text();
    if (text === '' && received.ok) return undefined;
    return (
      parsedJson(eventIn(text)) ??
      failure(message.id, SERVER_ERROR, `${url} answers ${received.status}, and not as a gateway does. Check --url.`)
    );
  } catch (error) {
    const why = deadline.signal.aborted ? `within ${TIMEOUT_MS / 1000} s` : `(${causeOf(error)})`;
    return failure(message.id, SERVER_ERROR, `The gateway at ${url} does not answer ${why}. Is the system running?`);
  } finally {
    deadline.clear();
  }
}

/** Headers that repeat what the message says, as the protocol asks for over HTTP. */
function headersOf({ method, params }: Json, agreed: string | undefined): Record<string, string> {
  const { name, _meta: meta } = isObject(params) ? params : {};
  const version = (isObject(meta) ? meta[VERSION_MEMBER] : undefined) ?? agreed;
  return {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...(typeof version === 'string' && { 'mcp-protocol-version': version }),
    ...(typeof method === 'string' && { 'mcp-method': method }),
    ...(typeof name === 'string' && { 'mcp-name': name }),
  };
}

/** JSON in a body, which may be a stream of one event. */
const eventIn = (text: string) => /^data: (.*)$/m.exec(text)?.[1] ?? text;

/** Version that an answer to `initialize` names. */
function versionIn(body: unknown): string | undefined {
  const result = isObject(body) && isObject(body.result) ? body.result : {};
  return typeof result.protocolVersion === 'string' ? result.protocolVersion : undefined;
}

const failure = (id: unknown, code: number, message: string) => ({
  jsonrpc: '2.0',
  id: id ?? null,
  error: { code, message },
});
const write = (output: Writable, message: unknown) => void output.write(`${JSON.stringify(message)}\n`);

const NO_MESSAGE = 'A line must be one JSON-RPC message, as an object.';
const NO_ANSWER = 'The gateway gave no answer.';
