/** The recorder as the gateway sees it: its subgraph of incidents, in another process. */
import { makeDispatcher, overHttp } from './overHttp.ts';
import type { Transport } from './transport.ts';

/** Name in the supergraph, which is the audience of its tokens. */
const NAME = 'recorder';

/** Milliseconds on top of what the recorder itself waits for its database, so that it is the one that says so. */
const GRACE_MS = 500;

export interface RecorderSubgraph {
  readonly ask: Transport;
  /** Ends what is still asked. */
  close(): Promise<void>;
}

export interface RecorderOverHttpOptions {
  /** GraphQL endpoint. */
  readonly url: string;
  /** Milliseconds that the recorder waits for its database. */
  readonly databaseTimeoutMs: number;
}

/** Connects to nothing yet. Whoever makes it closes it. */
export function recorderOverHttp(
  { url, databaseTimeoutMs }: RecorderOverHttpOptions,
  internalSecret: string,
): RecorderSubgraph {
  const dispatcher = makeDispatcher({ timeout: databaseTimeoutMs });
  return {
    ask: overHttp({
      ...{ dispatcher, url: new URL(url), internalSecret, audience: NAME, peer: NAME },
      timeoutMs: databaseTimeoutMs + GRACE_MS,
    }),
    close: () => dispatcher.destroy(),
  };
}
