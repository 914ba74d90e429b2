/**
 * `GET /chats/{chat}/stream`: what a replica streams for a chat, as server-sent events (WHATWG HTML, section 9.2). Event
 * names: `episode`, `part`, `closed`, then `end` when the replica has nothing more to say about the chat.
 */
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { GraphQLError } from 'graphql';
import { sendRefusal } from '../../server/graphql/refusal.ts';
import { requireUuid } from '../../server/graphql/scalars.ts';
import type { Inspector, StreamEvent } from './inspector.ts';

export function streamRoute(app: FastifyInstance, inspector: Inspector): void {
  const open = new Set<AbortController>();
  app.addHook('preClose', async () => {
    for (const reader of open) reader.abort();
  });
  app.get<{ Params: { chat: string } }>('/chats/:chat/stream', async (request, reply) => {
    let chatId: string;
    try {
      chatId = requireUuid(request.params.chat);
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      return sendRefusal(reply, error);
    }
    const reader = new AbortController();
    open.add(reader);
    reply.raw.once('close', () => {
      reader.abort();
      open.delete(reader);
    });
    reply.header('content-type', 'text/event-stream').header('cache-control', 'no-store');
    return reply.send(Readable.from(frames(inspector.follow(chatId, reader.signal))));
  });
}

async function* frames(events: AsyncIterable<StreamEvent>): AsyncGenerator<string> {
  for await (const { type, ...data } of events) yield `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
  yield 'event: end\ndata: {}\n\n';
}
