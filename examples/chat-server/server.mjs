// A small chat server with two tables of its own, on the Vercel AI SDK. It stands for yours.
// POST /conversations {"text"} begins one, and answers it. The model is made up; the text "/stall" makes it fall silent.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { streamText } from 'ai';
import { MockLanguageModelV3, simulateReadableStream } from 'ai/test';
import pg from 'pg';
import { showAnswers } from './adapter.mjs';

const { DATABASE_URL, INTERNAL_SECRET, CHAT_SERVER_PORT = '0' } = process.env;
const pool = new pg.Pool({ connectionString: DATABASE_URL });
const USER = randomUUID();

const usage = { inputTokens: { total: 1 }, outputTokens: { total: 1 } };
const words = (text) => [
  { type: 'text-start', id: '1' },
  ...text.split(' ').map((word) => ({ type: 'text-delta', id: '1', delta: `${word} ` })),
  { type: 'text-end', id: '1' },
  { type: 'finish', finishReason: { unified: 'stop', raw: 'stop' }, usage },
];
const silent = () =>
  new ReadableStream({
    start: (controller) => {
      for (const part of words('well').slice(0, 2)) controller.enqueue(part);
    },
  });
const model = new MockLanguageModelV3({
  doStream: async ({ prompt }) => ({
    stream: JSON.stringify(prompt).includes('/stall')
      ? silent()
      : simulateReadableStream({ chunks: words('I have thought about it.'), chunkDelayInMs: 20 }),
  }),
});

const shown = await showAnswers({
  ...{ pool, internalSecret: INTERNAL_SECRET },
  addressOf: () => `http://127.0.0.1:${server.address().port}`,
});

async function answer(id, text) {
  const run = randomUUID();
  const sql = "UPDATE conversations SET state = 'answering', process = $2, run = $3, changed_at = now() WHERE id = $1";
  await pool.query(sql, [id, shown.workerId, run]);
  const end = (state) =>
    pool.query('UPDATE conversations SET state = $2, process = NULL, run = NULL, changed_at = now() WHERE id = $1', [
      ...[id, state],
    ]);
  // The row gives the conversation up before the run ends: a row that names a run which is gone looks like a lost one.
  await shown.watch(id, run, async (part) => {
    try {
      let said = '';
      for await (const piece of streamText({ model, prompt: text }).textStream) {
        said += piece;
        part(piece);
      }
      await pool.query("INSERT INTO posts (conversation_id, author, body) VALUES ($1, 'assistant', $2)", [id, said]);
      await end('idle');
    } catch {
      await end('failed');
    }
  });
}

async function begin(request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const { text } = JSON.parse(Buffer.concat(chunks).toString());
  const id = randomUUID();
  await pool.query("INSERT INTO conversations (id, user_id, state) VALUES ($1, $2, 'answering')", [id, USER]);
  await pool.query("INSERT INTO posts (conversation_id, author, body) VALUES ($1, 'user', $2)", [id, text]);
  answer(id, text).catch((error) => console.error('an answer was not written down:', error.code ?? error.name));
  response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify({ id }));
}

const server = createServer((request, response) =>
  shown.handler(request, response, () => {
    if (request.method === 'POST' && request.url === '/conversations') {
      begin(request, response).catch(() => response.writeHead(400).end());
    } else {
      response.writeHead(404).end();
    }
  }),
);
server.listen(Number(CHAT_SERVER_PORT), '127.0.0.1', async () => {
  await shown.start();
  console.log(`ready: http://127.0.0.1:${server.address().port}`);
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => shown.stop().finally(() => process.exit(0)));
