/** Changes of chats from a database subgraph in another process, over a connection that is made again when it breaks. */
import { createInterface } from 'node:readline';
import { type Dispatcher, request } from 'undici';
import * as z from 'zod';
import type { Clock } from '../../common/clock.ts';
import { parsedJson } from '../../common/json.ts';
import type { ChangesFollower, Following } from '../../server/chatChanges.ts';
import { OWN_CALLER, signInternalToken } from '../../server/tokens/internalToken.ts';
import { makeDispatcher } from './overHttp.ts';

/** Milliseconds before a lost connection is made again, and a message that was not taken is sent again. */
const RETRY_MS = 1_000;
/** Milliseconds for the head of an answer. */
const HEAD_MS = 5_000;
/** Milliseconds without a line after which the connection is dead; a sign of life comes every 5 s. */
const SILENCE_MS = 15_000;
/** Limit for the bytes of a stream, which has none. */
const UNLIMITED = -1;

const line = z.union([
  z.object({ id: z.uuid() }),
  z.object({ connected: z.boolean() }),
  z.object({ changes: z.array(z.tuple([z.string(), z.number().nullable()])) }),
]);

interface ChangesOptions {
  /** URL of the subgraph's GraphQL endpoint; changes are told beside it. */
  readonly url: URL;
  readonly internalSecret: string;
  /** Audience of its tokens. */
  readonly audience: string;
  readonly clock: Clock;
}

/** Follows until it is stopped. */
export function followOverHttp(given: ChangesOptions, follower: ChangesFollower): Following {
  const { clock } = given;
  const dispatcher = makeDispatcher({ timeout: HEAD_MS }, UNLIMITED);
  const options: Options = { ...given, dispatcher };
  const stopping = new AbortController();
  const state: State = { id: undefined, chatIds: [], isTelling: false, isTold: true };
  const run = async () => {
    while (!stopping.signal.aborted) {
      await followOnce(options, follower, state, stopping.signal).catch(() => {}); // it is made again, whatever broke it
      state.id = undefined;
      if (stopping.signal.aborted) return;
      follower.connected(false);
      await clock.sleep(RETRY_MS, stopping.signal);
    }
  };
  void run();
  return {
    setChats: (chatIds) => {
      state.chatIds = chatIds;
      state.isTold = false;
      void tellChats(options, state, stopping.signal);
    },
    stop: () => {
      stopping.abort();
      void dispatcher.destroy();
    },
  };
}

interface Options extends ChangesOptions {
  readonly dispatcher: Dispatcher;
}

/** State of one following. */
interface State {
  /** Id of the connection; undefined: there is none. */
  id: string | undefined;
  chatIds: readonly string[];
  isTelling: boolean;
  /** Whether the subgraph was told of the chats. */
  isTold: boolean;
}

async function followOnce(
  options: Options,
  follower: ChangesFollower,
  state: State,
  signal: AbortSignal,
): Promise<void> {
  const { statusCode, headers, body } = await ask(options, 'changes', { signal });
  body.on('error', () => {}); // the reader of lines is told, too
  if (statusCode !== 200 || !String(headers['content-type']).startsWith('application/x-ndjson')) {
    body.destroy();
    return;
  }
  for await (const text of createInterface({ input: body, crlfDelay: Number.POSITIVE_INFINITY })) {
    const told = line.safeParse(parsedJson(text)).data;
    if (!told) continue;
    if ('id' in told) {
      state.id = told.id;
      state.isTold = false;
      void tellChats(options, state, signal);
    } else if ('changes' in told) {
      follower.changed(told.changes);
    } else {
      follower.connected(told.connected);
    }
  }
}

/** Tells the newest chats, one message after another. What was not taken is told again a little later. */
async function tellChats(options: Options, state: State, signal: AbortSignal): Promise<void> {
  if (state.isTelling) return;
  state.isTelling = true;
  while (!state.isTold && state.id !== undefined && !signal.aborted) {
    state.isTold = true;
    const isTaken = await tellOnce(options, state.id, state.chatIds, signal).catch(() => false);
    if (isTaken) continue;
    state.isTold = false;
    await options.clock.sleep(RETRY_MS, signal);
  }
  state.isTelling = false;
}

/** @returns true if the subgraph has taken the message */
async function tellOnce(
  options: Options,
  id: string,
  chatIds: readonly string[],
  signal: AbortSignal,
): Promise<boolean> {
  const body = JSON.stringify({ chatIds });
  const answer = await ask(options, `changes/${id}`, { signal, method: 'POST', body });
  await answer.body.dump();
  return answer.statusCode < 300;
}

async function ask(
  { dispatcher, url, internalSecret, audience }: Options,
  path: string,
  more: { signal: AbortSignal; method?: 'POST'; body?: string },
) {
  const authorization = `Bearer ${await signInternalToken(internalSecret, audience, OWN_CALLER)}`;
  return request(new URL(path, url), {
    ...{ dispatcher, headersTimeout: HEAD_MS, bodyTimeout: SILENCE_MS, ...more },
    headers: { authorization, ...(more.body !== undefined && { 'content-type': 'application/json' }) },
  });
}
