/** HTTP as bytes: requests that a well-behaved client would not send, and all that comes back. */
import { once } from 'node:events';
import { connect } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Everything that came until the connection was closed. */
  readonly text: string;
}

/** Sends the bytes to the server at `url`, and reads until it closes the connection. */
export async function sendBytes(url: string, bytes: string | Uint8Array): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.on('error', () => {}); // a server that has refused need not read the rest
  socket.write(bytes);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  await once(socket, 'close');
  return parseAnswer(Buffer.concat(chunks).toString());
}

function parseAnswer(text: string): RawAnswer {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  return { status: Number(statusLine.split(' ')[1]), headers, body: rest.join('\r\n\r\n'), text };
}

export type HeaderLines = readonly (readonly [name: string, value: string])[];

export interface RawRequest {
  readonly method?: string;
  readonly target?: string;
  /** One line each, in this order; the same name may come twice. */
  readonly headers?: HeaderLines;
  readonly body?: string | Uint8Array;
}

/** The bytes of a request after which the server is to close the connection. */
export function requestBytes({ method = 'POST', target = '/graphql', headers = [], body = '' }: RawRequest): Buffer {
  const content = Buffer.from(body);
  const given = new Set(headers.map(([name]) => name.toLowerCase()));
  const lines = [
    `${method} ${target} HTTP/1.1`,
    ...(given.has('host') ? [] : ['Host: gateway.test']),
    'Connection: close',
    ...(content.length === 0 || given.has('content-length') ? [] : [`Content-Length: ${content.length}`]),
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), content]);
}

export const send = (url: string, request: RawRequest): Promise<RawAnswer> => sendBytes(url, requestBytes(request));

export const JSON_BODY = ['Content-Type', 'application/json'] as const;
export const bearer = (token: string) => ['Authorization', `Bearer ${token}`] as const;
