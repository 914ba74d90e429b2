/** A proxy in front of a Postgres server: notes what is asked, and can lose what is said. */
import { messageReader } from './postgresMessages.ts';
import { type Link, startTcpProxy } from './tcpProxy.ts';
import type { TcpServer } from './tcpServer.ts';

const NOTIFICATION = 'A';
const NUL = '\0';

/** Of clients that do not ask for TLS. */
export interface PostgresProxy extends TcpServer {
  /** The same database, through the proxy. */
  readonly url: string;
  /** Statements in the order they were sent, `BEGIN` and the like included. */
  readonly statements: string[];
  /** Whether notifications are lost on the way. */
  dropsNotifications: boolean;
  /** Lets the next request that fits through, and cuts the connection before its answer. */
  loseNextAnswer(fits: (request: Buffer) => boolean): void;
}

/** Whoever starts it closes it. */
export async function startPostgresProxy(databaseUrl: string): Promise<PostgresProxy> {
  let answerToLose: ((request: Buffer) => boolean) | undefined;
  const passing = ({ client, server }: Link) => {
    const readRequests = messageReader({ startsTyped: false });
    const prepared = new Map<string, string>();
    const readAnswers = messageReader({ startsTyped: true });
    let losesAnswer = false;
    return {
      toServer: (chunk: Buffer) => {
        for (const { type, body } of readRequests(chunk)) {
          const [first = '', second = ''] = body.toString().split(NUL, 2);
          if (type === 'Q') statements.push(first);
          if (type === 'P') prepared.set(first, second);
          if (type === 'B') statements.push(prepared.get(second) ?? '');
        }
        if (answerToLose?.(chunk)) {
          answerToLose = undefined;
          losesAnswer = true;
        }
        return chunk;
      },
      toClient: (chunk: Buffer) => {
        if (losesAnswer) {
          for (const socket of [client, server]) socket.resetAndDestroy();
          return undefined;
        }
        const kept = readAnswers(chunk).filter(({ type }) => type !== NOTIFICATION || !proxy.dropsNotifications);
        return Buffer.concat(kept.map(({ whole }) => whole));
      },
    };
  };
  const statements: string[] = [];
  const server = await startTcpProxy({ target: () => databaseUrl, passing });
  const url = new URL(databaseUrl);
  url.port = String(server.port);
  const proxy: PostgresProxy = Object.assign(server, {
    ...{ url: url.href, statements, dropsNotifications: false },
    loseNextAnswer: (fits: (request: Buffer) => boolean) => {
      answerToLose = fits;
    },
  });
  return proxy;
}
