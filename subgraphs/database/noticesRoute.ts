/**
 * `GET /changes`: tells of changes of chats, as lines of JSON, for as long as the connection lasts. It is for gateways:
 * it needs the role that may read every chat. Lines are
 *
 * - `{ "id": "…" }`, the first one: the id of the connection;
 * - `{ "connected": true }`: whether changes can be heard;
 * - `{ "changes": [["<chat>", 7]] }`: chats and their versions;
 * - empty, as a sign of life.
 *
 * `POST /changes/{id}` with `{ "chatIds": […] }` says which chats matter, where each has to be listened to by itself.
 */
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import * as z from 'zod';
import { whenOver } from '../../common/clock.ts';
import type { Following } from '../../server/chatChanges.ts';
import { Refusal, sendRefusal } from '../../server/graphql/answer.ts';
import { type Caller, mayReadAll } from '../../server/tokens/internalToken.ts';
import type { ChatNotices } from './chatNotices.ts';

const PATH = '/changes';
const LIFE_SIGN_MS = 5_000;
/** Bytes that wait for a slow gateway before its connection is given up. */
const MAX_WAITING_BYTES = 1_000_000;

const chats = z.object({ chatIds: z.array(z.guid()) });

/** Adds the routes. @param callerOf caller of a request that was let in */
export function registerChanges(
  app: FastifyInstance,
  follow: ChatNotices['follow'],
  callerOf: (request: FastifyRequest) => Caller,
): void {
  const open = new Map<string, { readonly following: Following; readonly response: ServerResponse }>();
  app.addHook('preClose', async () => {
    for (const { response } of open.values()) response.end();
  });
  app.get(PATH, async (request, reply) => {
    if (!mayReadAll(callerOf(request))) return sendRefusal(reply, FORBIDDEN);
    const response = reply.hijack().raw;
    response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
    const write = (line: object | undefined) => {
      if (response.writableEnded) return;
      response.write(`${line ? JSON.stringify(line) : ''}\n`);
      if (response.writableLength > MAX_WAITING_BYTES) response.destroy();
    };
    const id = randomUUID();
    write({ id });
    const following = follow({
      changed: (changes) => write({ changes }),
      connected: (connected) => write({ connected }),
    });
    open.set(id, { following, response });
    const stopLifeSigns = eachTime(LIFE_SIGN_MS, () => write(undefined));
    response.once('close', () => {
      open.delete(id);
      stopLifeSigns();
      following.stop();
    });
    return reply;
  });
  app.post<{ Params: { id: string } }>(`${PATH}/:id`, async (request, reply) => {
    const asked = chats.safeParse(request.body);
    if (!asked.success) return sendRefusal(reply, UNREADABLE);
    open.get(request.params.id)?.following.setChats(asked.data.chatIds);
    return reply.code(204).send();
  });
}

/** Calls `run` again and again. @returns ends it */
function eachTime(ms: number, run: () => void): () => void {
  let stop = () => {};
  const wait = () => {
    stop = whenOver(ms, undefined, () => {
      run();
      wait();
    });
  };
  wait();
  return () => stop();
}

const FORBIDDEN = new Refusal(403, 'FORBIDDEN', 'Changes of chats are told to gateways alone.');
const UNREADABLE = new Refusal(400, 'BAD_USER_INPUT', 'The body must be {"chatIds": [ids]}.');
