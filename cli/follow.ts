/** `npm run chat -- follow`: reads a chat's stream from its owner, and follows the chat to the next owner. */
import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { Pool } from 'pg';
import { systemClock } from '../common/clock.ts';
import { executionState, isRunnable } from '../domain/executionState.ts';
import { READ_ALL, signInternalToken } from '../server/tokens/internalToken.ts';
import { readChats } from '../subgraphs/runtime/chatd/chatState.ts';
import { StreamPrinter } from './streamPrinter.ts';

const LOOK_AGAIN_MS = 200;

interface FollowOptions {
  readonly chatId: string;
  readonly pool: Pool;
  readonly internalSecret: string | undefined;
}

/**
 * Writes to standard output until the chat is at rest.
 * @throws if there is no such chat, or streams cannot be read
 */
export async function followChat({ chatId, pool, internalSecret }: FollowOptions): Promise<void> {
  if (!internalSecret) throw new Error('INTERNAL_SECRET is not set: without it no replica lets anybody read a stream.');
  const printer = new StreamPrinter((text) => process.stdout.write(text));
  for (;;) {
    const [chat] = await readChats(pool, [chatId]);
    if (!chat) throw new Error(`There is no chat ${chatId}.`);
    const state = executionState(chat);
    if (!isRunnable(state)) {
      printer.end(`The chat is in state ${state}.`);
      return;
    }
    const address = chat.workerId && (await addressOf(pool, chat.workerId));
    if (chat.workerId && address) {
      await readStream(`${address}/chats/${chatId}/stream`, internalSecret, chat.workerId, printer);
    }
    await systemClock.sleep(LOOK_AGAIN_MS);
  }
}

async function addressOf(pool: Pool, workerId: string): Promise<string | undefined> {
  const { rows } = await pool.query<{ address: string }>(
    'SELECT relay_address AS address FROM replicas WHERE id = $1',
    [workerId],
  );
  return rows[0]?.address.replace(/\/+$/, '');
}

/** Reads until the replica has no more to say, or is gone. */
async function readStream(url: string, secret: string, workerId: string, printer: StreamPrinter): Promise<void> {
  const token = await signInternalToken(secret, workerId, { sub: 'chat-follow', roles: [READ_ALL] });
  try {
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` }, redirect: 'error' });
    if (!response.ok || !response.body) return;
    const events = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
    for await (const { event, data } of events) printer.event(event ?? '', data);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // fetch's word for a connection that failed or broke
  }
}
