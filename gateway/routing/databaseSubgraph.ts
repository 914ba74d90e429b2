/** The database subgraph as the gateway and the router see it, wherever it runs; and the way there over HTTP. */
import { type Dispatcher, request } from 'undici';
import { deadlineSignal } from '../../common/clock.ts';
import { signInternalToken } from '../../common/internalToken.ts';
import type { GraphqlBody } from '../../common/ordinaryRequest.ts';
import type { Asking } from '../../subgraphs/database/inProcess.ts';
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
  return {
    ask: async (body, { caller, requestId, signal }) => {
      const token = await signInternalToken(internalSecret, NAME, caller);
      return postGraphql({
        ...{ dispatcher, url, token, peer: NAME, body, signal, timeoutMs: databaseTimeoutMs + SUBGRAPH_GRACE_MS },
        headers: requestId === undefined ? {} : { 'x-request-id': requestId },
      });
    },
    notReady: () => notReady(new URL('readyz', url), dispatcher, databaseTimeoutMs),
    close: () => dispatcher.destroy(),
  };
}

/** Its own reason is not passed on: whatever answers at that address could have written it. */
async function notReady(url: URL, dispatcher: Dispatcher, timeoutMs: number): Promise<string | undefined> {
  const deadline = deadlineSignal(timeoutMs);
  try {
    const { statusCode, body } = await request(url, { dispatcher, signal: deadline.signal });
    await body.dump();
    if (statusCode === 200) return undefined;
    return `database subgraph: not ready, HTTP ${statusCode}; it has no database, or is stopping`;
  } catch {
    const late = deadline.signal.aborted ? `within ${timeoutMs} ms` : 'at all';
    return `database subgraph: does not answer ${late}`;
  } finally {
    deadline.clear();
  }
}
