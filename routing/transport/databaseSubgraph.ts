/** The database subgraph as the gateway and the router see it, wherever it runs. */
import { randomUUID } from 'node:crypto';
import { type Dispatcher, request } from 'undici';
import { type Clock, deadlineSignal } from '../../common/clock.ts';
import type { ChangesFollower, Following } from '../../server/chatChanges.ts';
import { makeAnswering, type Subgraph, type WithRequestId } from '../../server/graphql/answering.ts';
import type { Logger } from '../../server/log.ts';
import type { Caller } from '../../server/tokens/internalToken.ts';
import { holdsAddress } from './addressIn.ts';
import { followOverHttp } from './changesOverHttp.ts';
import { inProcess } from './inProcess.ts';
import { MAX_ANSWER_BYTES, makeDispatcher, overHttp } from './overHttp.ts';
import type { Transport } from './transport.ts';

/** Name in the supergraph, which is the audience of its tokens. */
const NAME = 'database';

/** Milliseconds on top of what the database subgraph itself waits for the database, so that it is the one that says so. */
const GRACE_MS = 500;

export interface DatabaseSubgraph {
  readonly ask: Transport;
  /** Says why it cannot be asked, in words without an address. Undefined: it can. */
  notReady(): Promise<string | undefined>;
  /** Says what is not answered though it can be asked, as it was last told. Undefined: nothing. */
  note?(): string | undefined;
  /** Begins to tell of changes of chats, as far as it hears of them. Its user stops it. */
  follow?(follower: ChangesFollower, clock: Clock): Following;
  /** Ends what is still asked. */
  close(): Promise<void>;
}

interface DatabaseOverHttpOptions {
  /** GraphQL endpoint; readiness is beside it. */
  readonly url: string;
  readonly internalSecret: string;
  /** Milliseconds that the database subgraph waits for the database. */
  readonly databaseTimeoutMs: number;
}

/** Connects to nothing yet. Whoever makes it closes it. */
export function databaseOverHttp(options: DatabaseOverHttpOptions): DatabaseSubgraph {
  const { internalSecret, databaseTimeoutMs } = options;
  const url = new URL(options.url);
  const dispatcher = makeDispatcher({ timeout: databaseTimeoutMs });
  let note: string | undefined;
  return {
    ask: overHttp({
      ...{ dispatcher, url, internalSecret, audience: NAME, peer: NAME },
      timeoutMs: databaseTimeoutMs + GRACE_MS,
    }),
    notReady: async () => {
      const told = await readiness(new URL('readyz', url), dispatcher, databaseTimeoutMs);
      note = told.note;
      return told.reason;
    },
    note: () => note,
    follow: (follower, clock) => followOverHttp({ url, internalSecret, audience: NAME, clock }, follower),
    close: () => dispatcher.destroy(),
  };
}

/** A database subgraph that is open in this process. */
interface OpenDatabase<C extends WithRequestId> extends Required<Omit<DatabaseSubgraph, 'ask'>> {
  readonly subgraph: Subgraph<C>;
  newContext(caller: Caller, requestId: string): C;
}

export interface DatabaseInProcessOptions {
  /** Milliseconds that the database subgraph waits for the database. */
  readonly databaseTimeoutMs: number;
  /** Milliseconds after which an answer is not waited for any more. */
  readonly waitMs?: number;
  /** Limit for the JSON of an answer. */
  readonly maxAnswerBytes?: number;
  readonly log: Logger;
}

/** Starts whether the database does or not. Closes what it is given. */
export async function databaseInProcess<C extends WithRequestId>(
  database: OpenDatabase<C>,
  {
    databaseTimeoutMs,
    waitMs = databaseTimeoutMs + GRACE_MS,
    maxAnswerBytes = MAX_ANSWER_BYTES,
    log,
  }: DatabaseInProcessOptions,
): Promise<DatabaseSubgraph> {
  const answering = makeAnswering(database.subgraph, log);
  await answering.apollo.start();
  return {
    ask: inProcess({
      ...{ answering, waitMs, maxAnswerBytes, log },
      newContext: ({ caller, requestId = randomUUID() }) => database.newContext(caller, requestId),
      abandon: database.subgraph.finish,
    }),
    notReady: database.notReady,
    note: database.note,
    follow: database.follow,
    close: () => answering.apollo.stop().then(database.close),
  };
}

async function readiness(
  url: URL,
  dispatcher: Dispatcher,
  timeoutMs: number,
): Promise<{ reason?: string; note?: string | undefined }> {
  const deadline = deadlineSignal(timeoutMs);
  try {
    const { statusCode, body } = await request(url, { dispatcher, signal: deadline.signal });
    const words = shownWords(await body.text());
    if (statusCode === 200) return { note: words?.replace(/^ok\n?/, '') || undefined };
    return {
      reason: `database subgraph: ${words ?? `not ready, HTTP ${statusCode}; it has no database, or is stopping`}`,
    };
  } catch {
    const late = deadline.signal.aborted ? `within ${timeoutMs} ms` : 'at all';
    return { reason: `database subgraph: does not answer ${late}` };
  } finally {
    deadline.clear();
  }
}

const MAX_SHOWN_CHARACTERS = 500;
/** Plain sentences, names of tables and columns among them. */
const PLAIN = /^[\w .,:;=?'"`()\n-]+$/;

/** Reason why it is not ready, in its own words. Undefined: anything at its address may have written that. */
function shownWords(text: string): string | undefined {
  const words = text.trim();
  return words.length <= MAX_SHOWN_CHARACTERS && PLAIN.test(words) && !holdsAddress(words) ? words : undefined;
}
