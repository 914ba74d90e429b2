/** `npm run chat -- follow`: reads a chat's stream from its owner, and follows the chat to the next owner. */
import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { Pool } from 'pg';
import { systemClock } from '../common/clock.ts';
import { executionState, isRunnable } from '../domain/executionState.ts';
import { READ_ALL, signInternalToken } from '../server/tokens/internalToken.ts';
import { type ChatState, readChats } from '../subgraphs/runtime/chatd/chatState.ts';
import { StreamPrinter } from './streamPrinter.ts';

const LOOK_AGAIN_MS = 200;
/** Milliseconds between two looks at the row while an owner streams: one that is frozen never says that it has lost the chat. */
const LOOK_BESIDE_MS = 2_000;
/** Milliseconds for the last words of an owner that has the chat no more. */
const LAST_WORDS_MS = 1_000;

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
      const { signal, stop } = untilMoved(pool, chat);
      const access = { secret: internalSecret, signal };
      await readStream(`${address}/chats/${chatId}/stream`, access, chat.workerId, printer).finally(stop);
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

/** Makes a signal that aborts soon after the row names another owner or runner, or none, or the chat is at rest. */
function untilMoved(pool: Pool, { id, workerId, runnerId }: ChatState) {
  const [moved, over] = [new AbortController(), new AbortController()];
  const watch = async () => {
    for (;;) {
      await systemClock.sleep(LOOK_BESIDE_MS, over.signal);
      if (over.signal.aborted) return;
      const chats = await readChats(pool, [id]).catch(() => undefined); // the next look may succeed
      const [now] = chats ?? [];
      const isStill = now && now.workerId === workerId && now.runnerId === runnerId && isRunnable(executionState(now));
      if (!chats || isStill) continue;
      await systemClock.sleep(LAST_WORDS_MS, over.signal);
      return moved.abort();
    }
  };
  void watch();
  return { signal: moved.signal, stop: () => over.abort() };
}

/** Reads until the replica has no more to say, or is gone, or `signal` aborts. */
async function readStream(
  url: string,
  { secret, signal }: { readonly secret: string; readonly signal: AbortSignal },
  workerId: string,
  printer: StreamPrinter,
): Promise<void> {
  const token = await signInternalToken(secret, workerId, { sub: 'chat-follow', roles: [READ_ALL] });
  try {
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` }, redirect: 'error', signal });
    if (!response.ok || !response.body) return;
    const events = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
    for await (const { event, data } of events) printer.event(event ?? '', data);
  } catch (error) {
    if (!(error instanceof TypeError) && !signal.aborted) throw error; // fetch's word for a connection that failed or broke
  }
}
