/** A proxy that hands bytes on and knows nothing of what they mean. */
import { connect, type Socket } from 'node:net';
import { reset } from './reset.ts';
import { startTcpServer, type TcpServer } from './tcpServer.ts';

/** What becomes of a chunk on its way; undefined: nothing is handed on. */
type Passing = (chunk: Buffer) => Buffer | undefined;

/** A connection through the proxy, and the one that the proxy made for it. */
export interface Link {
  readonly client: Socket;
  readonly server: Socket;
}

interface TcpProxyOptions {
  /** Where the next connection goes, without a path. */
  readonly target: () => string;
  readonly passing?: (link: Link) => { readonly toServer: Passing; readonly toClient: Passing };
}

const unchanged = () => ({ toServer: (chunk: Buffer) => chunk, toClient: (chunk: Buffer) => chunk });

/** Whoever starts it closes it. */
export const startTcpProxy = ({ target, passing = unchanged }: TcpProxyOptions): Promise<TcpServer> =>
  startTcpServer((client, proxy) => {
    const { hostname, port } = new URL(target());
    const server = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    proxy.hold(server);
    const { toServer, toClient } = passing({ client, server });
    handOn(client, server, toServer);
    handOn(server, client, toClient);
  });

/** No stream is piped: that would set one going that is frozen. */
function handOn(from: Socket, to: Socket, pass: Passing): void {
  from.on('data', (chunk) => {
    const passed = pass(chunk);
    if (passed) to.write(passed);
  });
  from.on('end', () => to.end());
  from.on('error', () => reset(to));
}
