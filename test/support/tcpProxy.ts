/** A TCP proxy in front of a Postgres server, with the faults that a network can have. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { NotificationFilter } from './notificationFilter.ts';

interface Link {
  readonly client: Socket;
  readonly server: Socket;
}

export class TcpProxy {
  readonly #links = new Set<Link>();
  readonly #listener = createServer((client) => this.#accept(client));
  readonly #target: { host: string; port: number };
  #frozen = false;
  #refusing = false;
  /** Whether notifications are lost on the way. */
  dropsNotifications = false;
  #loseAnswerTo: ((request: Buffer) => boolean) | undefined;

  constructor(target: { host: string; port: number }) {
    this.#target = target;
  }

  /** In front of the server of a Postgres URL. */
  static async forDatabase(url: string): Promise<TcpProxy & { url: string }> {
    const target = new URL(url);
    const proxy = new TcpProxy({ host: target.hostname, port: Number(target.port) });
    target.port = String(await proxy.#listen());
    return Object.assign(proxy, { url: target.href });
  }

  async #listen(): Promise<number> {
    this.#listener.listen(0, '127.0.0.1');
    await once(this.#listener, 'listening');
    return (this.#listener.address() as { port: number }).port;
  }

  #accept(client: Socket): void {
    if (this.#refusing) {
      client.destroy();
      return;
    }
    const server = connect(this.#target);
    const link: Link = { client, server };
    this.#links.add(link);
    const close = () => {
      this.#links.delete(link);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) socket.on('error', close).on('close', close);
    client.on('data', (data) => {
      if (!this.#loseAnswerTo?.(data)) server.write(data);
      else this.#deliverAndCut(link, data);
    });
    const filter = new NotificationFilter();
    server.on('data', (data) => client.write(filter.pass(data, this.dropsNotifications)));
    if (this.#frozen) this.#hold(link);
  }

  /** The server gets the request and acts on it; the client never hears of it. */
  #deliverAndCut({ client, server }: Link, data: Buffer): void {
    this.#loseAnswerTo = undefined;
    server.removeAllListeners('data');
    server.once('data', () => client.destroy());
    server.write(data);
  }

  #hold({ client, server }: Link): void {
    client.pause();
    server.pause();
  }

  /** Nothing passes any more, in either direction; the connections stay open. `newOnes`: later ones hang, too. */
  freeze({ newOnes = true } = {}): void {
    this.#frozen = newOnes;
    for (const link of this.#links) this.#hold(link);
  }

  thaw(): void {
    this.#frozen = false;
    for (const { client, server } of this.#links) {
      client.resume();
      server.resume();
    }
  }

  /** Breaks every connection. `refusing`: new ones are broken, too, until `accept`. */
  cut({ refusing = false } = {}): void {
    this.#refusing = refusing;
    for (const { client, server } of this.#links) {
      client.destroy();
      server.destroy();
    }
  }

  accept(): void {
    this.#refusing = false;
  }

  /** Lets the next request that fits through, and cuts the connection before its answer. */
  loseNextAnswer(fits: (request: Buffer) => boolean): void {
    this.#loseAnswerTo = fits;
  }

  async close(): Promise<void> {
    this.cut();
    this.#listener.close();
    await once(this.#listener, 'close');
  }
}
