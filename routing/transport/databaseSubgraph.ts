/** The database subgraph as the gateway and the router see it, wherever it runs; and the way there over HTTP. */
import { type Dispatcher, request } from 'undici';
import { deadlineSignal } from '../../common/clock.ts';
import type { Asking } from '../../server/graphql/asking.ts';
import type { GraphqlBody } from '../../server/graphql/ordinaryRequest.ts';
import { signInternalToken } from '../../server/tokens/internalToken.ts';
import { makeDispatcher, type Posted, postGraphql } from './postGraphql.ts';

/** Its name in the supergraph, which is the audience of its tokens. */
const NAME = 'database';

/** On top of what the database subgraph itself waits for the database, so that it is the one that says so. */
export const SUBGRAPH_GRACE_MS = 500;

export interface DatabaseSubgraph {
  /** Never rejects; resolves soon after the database subgraph should have, and at once when the signal aborts. */
  ask(question: GraphqlBody, asking: Asking): Promise<Posted>;
  /** Why it cannot be asked, in words without an address; undefined: it can. */
  notReady(): Promise<string | undefined>;
  /** What is not answered though it can be asked, as it was last told; undefined: nothing. */
  note?(): string | undefined;
  /** Ends what is still asked. */
  close(): Promise<void>;
}

export interface DatabaseOverHttpOptions {
  /** Its GraphQL endpoint; its readiness is beside it. */
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
    ask: async (body, { caller, requestId, signal }) => {
      const token = await signInternalToken(internalSecret, NAME, caller);
      return postGraphql({
        ...{ dispatcher, url, token, peer: NAME, body, signal, timeoutMs: databaseTimeoutMs + SUBGRAPH_GRACE_MS },
        headers: requestId === undefined ? {} : { 'x-request-id': requestId },
      });
    },
    notReady: async () => {
      const told = await readiness(new URL('readyz', url), dispatcher, databaseTimeoutMs);
      note = told.note;
      return told.reason;
    },
    note: () => note,
    close: () => dispatcher.destroy(),
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
/** A port, an IP address, a name of several parts, and what is not to be told from one. */
const ADDRESS = /:\d|(\d+\.){2}|localhost|\w\.[\w-]+\.\w|\.(internal|local|com|net|org|io|dev|svc)\b/i;

/** Why it is not ready, as it says itself. Undefined: whatever answers at its address may have written that. */
function shownWords(text: string): string | undefined {
  const words = text.trim();
  return words.length <= MAX_SHOWN_CHARACTERS && PLAIN.test(words) && !ADDRESS.test(words) ? words : undefined;
}
