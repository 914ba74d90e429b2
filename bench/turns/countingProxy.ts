/** A proxy in front of Postgres that counts what the server did for its clients, by the server's own answers. */
import { messageReader } from '../../test/support/postgresMessages.ts';
import { startTcpProxy } from '../../test/support/tcpProxy.ts';

const STATEMENT_DONE = 'C';
const READY = 'Z';
const OUTSIDE_OF_A_TRANSACTION = 'I';

export interface Counts {
  /** Statements that succeeded, `BEGIN` and the like included. Each was a round trip of its own. */
  readonly statements: number;
  /** Transactions that ended; a statement outside of `BEGIN` is one. */
  readonly transactions: number;
}

interface CountingProxy {
  /** The same database, through the proxy. */
  readonly url: string;
  /** Counts since the start. A new connection counts as one transaction. */
  counts(): Counts;
  close(): Promise<void>;
}

/** Whoever starts it closes it. */
export async function startCountingProxy(databaseUrl: string): Promise<CountingProxy> {
  let [statements, transactions] = [0, 0];
  const passing = () => {
    const readAnswers = messageReader({ startsTyped: true });
    return {
      toServer: (chunk: Buffer) => chunk,
      toClient: (chunk: Buffer) => {
        for (const { type, body } of readAnswers(chunk)) {
          if (type === STATEMENT_DONE) statements += 1;
          if (type === READY && body.toString('latin1') === OUTSIDE_OF_A_TRANSACTION) transactions += 1;
        }
        return chunk;
      },
    };
  };
  const server = await startTcpProxy({ target: () => databaseUrl, passing });
  const url = new URL(databaseUrl);
  url.port = String(server.port);
  return { url: url.href, counts: () => ({ statements, transactions }), close: () => server.close() };
}
