/** A TCP server of the loopback interface that fails as processes and networks do. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { systemClock } from '../../common/clock.ts';
import { freePort } from '../../local/ports.ts';
import { reset } from './reset.ts';

export class TcpServer {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isFrozen = false;

  /** @param port one that nobody else takes while this does not listen: see `freePort` */
  constructor(port: number, accept: (socket: Socket, server: TcpServer) => void) {
    this.port = port;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      this.hold(socket);
      accept(socket, this);
    });
  }

  /** A connection besides those that were accepted: it breaks and freezes with them. */
  hold(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket)); // breaking is what this is for
    if (this.#isFrozen) socket.pause();
  }

  async listen(): Promise<void> {
    if (this.#server.listening) return;
    this.#server.listen(this.port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** Breaks every connection, and refuses new ones until it listens again. */
  async close(): Promise<void> {
    const closed = this.#server.listening && once(this.#server.close(), 'close');
    this.cut();
    await closed;
  }

  /** Breaks every connection. New ones are taken. */
  cut(): void {
    for (const socket of this.#sockets) reset(socket);
  }

  /** Nothing passes any more, and nobody is told. `newOnes`: nor on later connections. */
  freeze({ newOnes = true } = {}): void {
    this.#isFrozen = newOnes;
    for (const socket of this.#sockets) socket.pause();
  }

  thaw(): void {
    this.#isFrozen = false;
    for (const socket of this.#sockets) socket.resume();
  }
}

/** @param accept unset: takes connections and never says a word, as a stopped process does */
export async function startTcpServer(
  accept: (socket: Socket, server: TcpServer) => void = () => {},
): Promise<TcpServer> {
  const server = new TcpServer(await freePort(systemClock), accept);
  await server.listen();
  return server;
}
