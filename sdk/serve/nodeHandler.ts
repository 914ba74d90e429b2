/** The protocol behind `node:http`, and behind frameworks with the same shape, such as Express. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AnswerProtocol, isProtocolUrl, MAX_QUESTION_BYTES, type ProtocolResponse, problem } from './answer.ts';

/**
 * Handles a request of the protocol. Any other goes to `next`; without one it is answered with 404.
 * A body that a framework has read already is taken from `request.body`. Some set one that they have not read.
 */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse, next?: () => void) => void;

export const nodeHandler =
  (answer: AnswerProtocol): NodeHandler =>
  (request, response, next) => {
    const { method = 'GET', url = '/', headers } = request;
    const send = ({ status, headers, body }: ProtocolResponse) => response.writeHead(status, headers).end(body);
    if (!isProtocolUrl(url)) return next ? next() : void send(NOTHING_HERE);
    const reply = (body: unknown) =>
      send(answer({ method, url, authorization: headers.authorization, body }) ?? NOTHING_HERE);
    if (method !== 'POST') return void reply(undefined);
    if ('body' in request && request.body !== undefined && request.readableDidRead) return void reply(request.body);
    if (request.readableEnded) return void reply(undefined); // read by somebody who has told nobody
    readText(request, (text) => {
      if (text !== undefined) return reply(text);
      response.setHeader('connection', 'close'); // the rest of the body is not read
      return send(TOO_LARGE);
    });
  };

const NOTHING_HERE = problem(404, 'Nothing here', 'Only the paths of runtime protocol 1 are served here.');
export const TOO_LARGE = problem(413, 'Too large', `A question has at most ${MAX_QUESTION_BYTES} bytes.`);

/** Gives the text, or undefined if it is too large. A request that breaks off gives nothing. */
function readText(request: IncomingMessage, done: (text: string | undefined) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  request.on('error', () => {});
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MAX_QUESTION_BYTES) chunks.push(chunk);
    else if (bytes - chunk.length <= MAX_QUESTION_BYTES) done(undefined);
  });
  request.on('end', () => {
    if (bytes <= MAX_QUESTION_BYTES) done(Buffer.concat(chunks).toString());
  });
}
