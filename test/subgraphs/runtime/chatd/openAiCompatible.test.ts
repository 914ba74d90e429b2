import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from '@jest/globals';
import Fastify, { type FastifyInstance } from 'fastify';
import { readChats } from '../../../../subgraphs/runtime/chatd/chatState.ts';
import { ChatStore } from '../../../../subgraphs/runtime/chatd/chatStore.ts';
import { databasePerFile } from '../../../support/database.ts';
import { replicasPerTest } from '../../../support/replica.ts';
import { until } from '../../../support/until.ts';

const database = databasePerFile();
const startReplica = replicasPerTest(() => database.url);
const servers: FastifyInstance[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

interface ChatRequest {
  model: string;
  stream: boolean;
  messages: { role: string; content?: unknown; tool_calls?: unknown }[];
  tools: { function: { name: string } }[];
}

/** A server that speaks the protocol: it asks for a sum, then tells what the tool answered. */
async function modelServer(requests: { body: ChatRequest; authorization: string | undefined }[]): Promise<string> {
  const app = Fastify();
  servers.push(app);
  app.post('/v1/chat/completions', async (request, reply) => {
    const body = request.body as ChatRequest;
    requests.push({ body, authorization: request.headers.authorization });
    const last = body.messages.at(-1);
    const call = {
      index: 0,
      id: 'call_1',
      type: 'function',
      function: { name: 'add_numbers', arguments: '{"a":20,"b":22}' },
    };
    const deltas =
      last?.role === 'tool'
        ? [{ role: 'assistant', content: 'It is ' }, { content: String(last.content) }]
        : [{ role: 'assistant', tool_calls: [call] }];
    const finish = last?.role === 'tool' ? 'stop' : 'tool_calls';
    const chunk = (delta: object, finish_reason: string | null) =>
      `data: ${JSON.stringify({ id: '1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
    const frames = [...deltas.map((delta) => chunk(delta, null)), chunk({}, finish), 'data: [DONE]\n\n'];
    return reply.header('content-type', 'text/event-stream').send(frames.join(''));
  });
  return app.listen({ host: '127.0.0.1', port: 0 });
}

test('one turn with a tool call against a server that speaks the OpenAI-compatible protocol', async () => {
  const requests: { body: ChatRequest; authorization: string | undefined }[] = [];
  const url = await modelServer(requests);
  await startReplica({ model: `openai-compatible:tiny@${url}/v1`, modelApiKey: 'a key' });
  const { id } = await new ChatStore(database.pool).create({ ownerId: randomUUID(), text: 'what is 20 + 22?' });
  await until('the chat is answered', async () => (await readChats(database.pool, [id]))[0]?.status === 'waiting');

  const { rows } = await database.pool.query(
    'SELECT role::text, content FROM chat_messages WHERE chat_id = $1 ORDER BY id',
    [id],
  );
  expect(rows.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant']);
  expect(rows[3].content).toMatchObject([{ type: 'text', text: 'It is {"sum":42}' }]);
  expect(requests).toHaveLength(2);
  expect(requests[0]).toMatchObject({ authorization: 'Bearer a key', body: { model: 'tiny', stream: true } });
  expect(requests[0]?.body.tools.map((tool) => tool.function.name).sort()).toEqual(['add_numbers', 'current_time']);
  expect(requests[1]?.body.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool']);
});
