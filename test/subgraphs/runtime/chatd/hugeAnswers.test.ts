/** Answers of a model's server that never end, though they get no further: they fill no replica's memory. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LanguageModelV3, LanguageModelV3StreamPart } from '@ai-sdk/provider';
import { afterEach, expect, test } from '@jest/globals';
import { systemClock } from '../../../../common/clock.ts';
import { modelFor } from '../../../../subgraphs/runtime/chatd/model.ts';
import { describeFailure } from '../../../../subgraphs/runtime/chatd/modelErrors.ts';
import { callModel } from '../../../../subgraphs/runtime/chatd/modelStep.ts';

const MIB = 1024 * 1024;
/** Bytes after which nobody should be reading any more. */
const ENOUGH_BYTES = 256 * MIB;
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** Serves an answer whose body goes on and on. */
async function serve(head: (response: ServerResponse) => void, more: string) {
  const sent = { bytes: 0, isGone: false };
  const server = createServer((request, response) => {
    request.resume();
    head(response);
    const write = () => {
      while (!response.destroyed && sent.bytes < ENOUGH_BYTES) {
        sent.bytes += more.length;
        if (!response.write(more)) return void response.once('drain', write);
      }
      response.end();
    };
    response.once('close', () => {
      sent.isGone = true;
    });
    write();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  return { sent, model: modelFor(`openai-compatible:m@${url}`, undefined, systemClock) };
}

const failureOf = async (model: LanguageModelV3) => {
  const history = {
    messages: [{ role: 'user' as const, content: 'hello' }],
    ...{ open: [], turnId: '1', steps: 0, callIds: new Set<string>() },
  };
  const signal = new AbortController().signal;
  const call = callModel({ model, tools: {}, history, attempt: 1, signal, onPart: () => {}, onProgress: () => {} });
  return describeFailure(await call.catch((error: unknown) => error), 'm');
};

test('a line of a stream without an end', async () => {
  const head = (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: ');
  };
  const { sent, model } = await serve(head, 'x'.repeat(MIB));
  expect(await failureOf(model)).toMatchObject({ kind: 'data' });
  expect(sent.bytes).toBeLessThan(ENOUGH_BYTES);
});

test('the body of an error', async () => {
  const head = (response: ServerResponse) => response.writeHead(500, { 'content-type': 'application/json' });
  const { sent, model } = await serve(head, ' '.repeat(MIB));
  expect(await failureOf(model)).toMatchObject({ kind: 'overloaded', status_code: 500 });
  expect(sent.bytes).toBeLessThan(16 * MIB);
});

test('calls of tools that begin and never get an input', async () => {
  let begun = 0;
  const model = {
    ...modelFor('built-in', undefined, systemClock),
    doStream: async () => ({
      stream: new ReadableStream<LanguageModelV3StreamPart>({
        pull: (controller) => {
          begun += 1;
          controller.enqueue({ type: 'tool-input-start', id: `call-${begun}`, toolName: 'a' });
          if (begun === 1_000_000) controller.close();
        },
      }),
    }),
  };
  expect(await failureOf(model)).toMatchObject({ kind: 'data' });
  expect(begun).toBeLessThan(1_000_000);
});
