/**
 * `GET /chats/{chat}/stream`: streams a chat's parts as server-sent events (WHATWG HTML, section 9.2).
 * Events: `episode`, `part`, `closed`, and `end` when the replica has nothing more to say about the chat.
 */
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { parseUuid } from '../../common/uuid.ts';
import { Refusal, sendRefusal, setHead } from '../../server/graphql/answer.ts';
import { noUuid } from '../../server/graphql/scalars.ts';
import type { Inspector, StreamEvent } from './inspector.ts';

export function streamRoute(app: FastifyInstance, inspector: Inspector): void {
  const open = new Set<AbortController>();
  app.addHook('preClose', async () => {
    for (const reader of open) reader.abort();
  });
  app.get<{ Params: { chat: string } }>('/chats/:chat/stream', async (request, reply) => {
    const { chat } = request.params;
    const chatId = parseUuid(chat);
    if (chatId === undefined)
      return sendRefusal(reply, new Refusal(400, 'BAD_USER_INPUT', noUuid(JSON.stringify(chat))));
    const reader = new AbortController();
    open.add(reader);
    reply.raw.once('close', () => {
      reader.abort();
      open.delete(reader);
    });
    setHead(reply, { status: 200, headers: { 'content-type': 'text/event-stream' } });
    return reply.send(Readable.from(frames(inspector.follow(chatId, reader.signal))));
  });
}

async function* frames(events: AsyncIterable<StreamEvent>): AsyncGenerator<string> {
  for await (const { type, ...data } of events) yield `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
  yield 'event: end\ndata: {}\n\n';
}
