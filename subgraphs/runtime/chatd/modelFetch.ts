/** The HTTP client of the model. It waits for as long as a model is silent, and tells a stream from anything else. */

import { Agent, fetch as send } from 'undici';
import { parsedJson } from '../../../common/json.ts';
import { ErrorAnswer, NO_STREAM, NotAStream } from './answerErrors.ts';
import { untilDone } from './untilDone.ts';

/** Bytes that are looked at of an answer that is no stream. */
const LOOKED_AT_BYTES = 64 * 1024;

/** A silent model is for the person to interrupt; undici would give it up after five minutes. */
const dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0 });

/** @throws NotAStream, ErrorAnswer, and the errors of `fetch` */
export const modelFetch = async (url: unknown, init?: object): Promise<Response> => {
  const response = await sendOn(url, init);
  const { status } = response;
  if (status >= 300 && status < 400) {
    throw new NotAStream(
      `The server redirects (status ${status}) in place of a model: is it the right address?`,
      status,
    );
  }
  if (!response.ok) return new Response(response.body?.pipeThrough(firstBytes(LOOKED_AT_BYTES)) ?? null, response);
  if (!response.body || response.headers.get('content-length') === '0') {
    throw new NotAStream(`The server answered status ${status} without a body: is it the right address?`, status);
  }
  const type = response.headers.get('content-type') ?? '';
  if (type.startsWith('text/event-stream')) return new Response(response.body.pipeThrough(untilDone()), response);
  const [ahead, body] = await peek(response.body);
  if (/^\s*</.test(ahead)) {
    await body.cancel();
    throw new NotAStream('The server answered HTML in place of a model: is it the right address?');
  }
  if (!/^\s*[{[]/.test(ahead)) return new Response(body.pipeThrough(untilDone()), response);
  throw await errorIn(body);
};

/** Redirects that keep the method and the body. Behind others the model's address would be asked for a page. */
const KEEPING = [307, 308];

async function sendOn(url: unknown, init?: object): Promise<Response> {
  const ask = async (redirect: 'manual' | 'follow') =>
    (await send(url as string, { ...init, dispatcher, redirect })) as unknown as Response;
  const response = await ask('manual');
  if (!KEEPING.includes(response.status)) return response;
  await response.body?.cancel();
  return ask('follow');
}

/** Passes on what comes first, about so many bytes, and reads no further. */
function firstBytes(most: number): TransformStream<Uint8Array, Uint8Array> {
  let bytes = 0;
  return new TransformStream({
    transform(chunk, controller) {
      controller.enqueue(chunk);
      bytes += chunk.length;
      if (bytes >= most) controller.terminate();
    },
  });
}

/** First characters of a body, and the whole body again. */
async function peek(body: ReadableStream<Uint8Array>): Promise<[string, ReadableStream<Uint8Array>]> {
  const reader = body.getReader();
  const first = await reader.read();
  const whole = new ReadableStream<Uint8Array>({
    start: (controller) => (first.value ? controller.enqueue(first.value) : undefined),
    pull: async (controller) => {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
  return [new TextDecoder().decode(first.value?.slice(0, 256)), whole];
}

async function errorIn(body: ReadableStream<Uint8Array>): Promise<Error> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > LOOKED_AT_BYTES) break;
  }
  const answer = parsedJson(Buffer.concat(chunks).toString());
  const isError = typeof answer === 'object' && answer !== null && !('choices' in answer);
  return isError ? new ErrorAnswer(answer) : new NotAStream(NO_STREAM);
}
