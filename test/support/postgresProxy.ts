/** A proxy in front of a Postgres server: notes what is asked, and can lose what is said. */
import { messageReader } from './postgresMessages.ts';
import { reset } from './reset.ts';
import { type Link, startTcpProxy } from './tcpProxy.ts';
import type { TcpServer } from './tcpServer.ts';

const NOTIFICATION = 'A';
const ERROR = 'E';
const NUL = '\0';

/** A statement that the server refused, and the SQLSTATE of its answer. */
interface RefusedStatement {
  readonly statement: string;
  readonly state: string;
}

/** Of clients that do not ask for TLS. */
export interface PostgresProxy extends TcpServer {
  /** The same database, through the proxy. */
  readonly url: string;
  /** Statements in the order they were sent, `BEGIN` and the like included. */
  readonly statements: string[];
  /** Statements that the server refused, in the order of its answers. */
  readonly refused: RefusedStatement[];
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
    let asked = '';
    return {
      toServer: (chunk: Buffer) => {
        for (const { type, body } of readRequests(chunk)) {
          const [first = '', second = ''] = body.toString().split(NUL, 2);
          if (type === 'P') prepared.set(first, second);
          if (type !== 'Q' && type !== 'B') continue;
          asked = type === 'Q' ? first : (prepared.get(second) ?? '');
          statements.push(asked);
        }
        if (answerToLose?.(chunk)) {
          answerToLose = undefined;
          losesAnswer = true;
        }
        return chunk;
      },
      toClient: (chunk: Buffer) => {
        if (losesAnswer) {
          for (const socket of [client, server]) reset(socket);
          return undefined;
        }
        const answers = readAnswers(chunk);
        for (const { type, body } of answers) {
          if (type === ERROR) refused.push({ statement: asked, state: stateIn(body) });
        }
        const kept = answers.filter(({ type }) => type !== NOTIFICATION || !proxy.dropsNotifications);
        return Buffer.concat(kept.map(({ whole }) => whole));
      },
    };
  };
  const statements: string[] = [];
  const refused: RefusedStatement[] = [];
  const server = await startTcpProxy({ target: () => databaseUrl, passing });
  const url = new URL(databaseUrl);
  url.port = String(server.port);
  const proxy: PostgresProxy = Object.assign(server, {
    ...{ url: url.href, statements, refused, dropsNotifications: false },
    loseNextAnswer: (fits: (request: Buffer) => boolean) => {
      answerToLose = fits;
    },
  });
  return proxy;
}

/** SQLSTATE in the fields of an error, each of which begins with a letter. */
const stateIn = (body: Buffer): string =>
  body
    .toString()
    .split(NUL)
    .find((field) => field.startsWith('C'))
    ?.slice(1) ?? '';
