/** `chat-debug mcp`: messages go to the gateway as they come, and answers come back as they are given. */
import type { ServerResponse } from 'node:http';
import { PassThrough, Readable } from 'node:stream';
import { expect, test } from '@jest/globals';
import { serveMcp } from '../../cli/debug/mcp.ts';
import { sendJson, serversPerTest } from '../gateway/httpServers.ts';

const { serve } = serversPerTest();

interface Message {
  readonly id: number;
  readonly method: string;
}

/** Runs the command with messages. */
async function converse(messages: readonly Message[], answer: (id: number, response: ServerResponse) => void) {
  const server = await serve((response, { body }) => answer((body as unknown as Message).id, response));
  const output = new PassThrough();
  const lines = messages.map((message) => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  await serveMcp({ url: `${server.url}/graphql`, token: 'a.token' }, Readable.from(lines), output.setEncoding('utf8'));
  const written: string = output.read();
  const answered: number[] = written
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).id);
  return { answered, received: server.received };
}

const result = (id: number, members: object = {}) => ({ jsonrpc: '2.0', id, result: members });

test('where there was no handshake, a slow answer keeps none behind it waiting', async () => {
  let endFirst = () => {};
  const { answered } = await converse(
    [
      { id: 1, method: 'tools/call' },
      { id: 2, method: 'tools/list' },
    ],
    (id, response) => {
      if (id === 1) endFirst = () => sendJson(response, 200, result(1));
      else {
        response.on('close', () => endFirst()); // once the second answer is on its way
        sendJson(response, 200, result(2));
      }
    },
  );
  expect(answered).toEqual([2, 1]);
});

test('after a handshake each message names the version that was agreed on', async () => {
  const { received } = await converse(
    [
      { id: 1, method: 'initialize' },
      { id: 2, method: 'tools/list' },
    ],
    (id, response) => sendJson(response, 200, result(id, id === 1 ? { protocolVersion: '2025-06-18' } : {})),
  );
  expect(received.map(({ headers }) => headers['mcp-protocol-version'])).toEqual([undefined, '2025-06-18']);
});
