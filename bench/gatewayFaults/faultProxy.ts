/**
 * Stands in front of one replica, and hands requests on and answers back until it is told to do worse. Reads and writes HTTP
 * by the byte, so that an answer can break anywhere.
 */
import { setMaxListeners } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Agent, request } from 'undici';
import { systemClock as clock } from '../../common/clock.ts';
import { reset } from '../../test/support/reset.ts';
import { TcpServer } from '../../test/support/tcpServer.ts';
import { type Fault, INSTEAD } from './faults.ts';

const DRIP_EVERY_MS = 20;
/** For the other side to read what came before a reset, which would take it away. */
const BEFORE_RESET_MS = 30;
const FLAP_MS = { least: 50, most: 400 };

interface FaultProxyOptions {
  /** The replica, without a path. */
  readonly target: string;
  /** Where it listens. Not one that systems hand out by themselves: nobody else may get it while this refuses connections. */
  readonly port: number;
  /** Milliseconds by which `latency` delays. */
  readonly latencyMs: number;
  /** Draws how long it flaps. */
  readonly random: () => number;
}

export class FaultProxy {
  readonly #options: FaultProxyOptions;
  readonly #http = createHttpServer((incoming, response) => void this.#serve(incoming, response));
  readonly #server: TcpServer;
  readonly #upstream = new Agent({ headersTimeout: 0, bodyTimeout: 0 });
  #fault: Fault | undefined;
  /** Ends what the present fault does in the background. */
  #ending = new AbortController();

  private constructor(options: FaultProxyOptions) {
    this.#options = options;
    this.#server = new TcpServer(options.port, (socket) => this.#accept(socket));
  }

  static async start(options: FaultProxyOptions): Promise<FaultProxy> {
    const proxy = new FaultProxy(options);
    await proxy.#server.listen();
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#options.port}`;
  }

  /** From now on; undefined: hands everything on. What was done to connections before is not undone: they are closed. */
  async set(fault: Fault | undefined): Promise<void> {
    this.#ending.abort();
    this.#ending = new AbortController();
    setMaxListeners(0, this.#ending.signal); // as many as answers
    this.#fault = fault;
    if (fault === undefined) {
      this.#server.thaw();
      this.#server.cut();
    }
    if (fault === 'refused') await this.#server.close();
    else await this.#server.listen();
    if (fault === 'reset') this.#server.cut();
    if (fault === 'black hole') this.#server.freeze();
    if (fault === 'flapping') void this.#flap(this.#ending.signal);
  }

  async close(): Promise<void> {
    this.#ending.abort();
    this.#fault = undefined;
    await this.#server.close();
    await this.#upstream.destroy();
  }

  async #flap(signal: AbortSignal): Promise<void> {
    for (let isUp = false; !signal.aborted; isUp = !isUp) {
      await (isUp ? this.#server.listen() : this.#server.close());
      await clock.sleep(FLAP_MS.least + this.#options.random() * (FLAP_MS.most - FLAP_MS.least), signal);
    }
    await this.#server.listen();
  }

  #accept(socket: Socket): void {
    if (this.#fault === 'reset') socket.resetAndDestroy();
    else if (this.#fault !== 'black hole') this.#http.emit('connection', socket);
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = incoming;
    try {
      const body = await bytesOf(incoming);
      if (this.#fault === 'black hole') return;
      const instead = this.#fault && INSTEAD[this.#fault];
      if (instead) {
        const [status, type, text] = instead;
        response.writeHead(status, { 'content-type': type }).end(text);
        return;
      }
      const { authorization = '', accept = '' } = incoming.headers;
      const headers = { authorization, accept, 'content-type': 'application/json' };
      const answer = await request(`${this.#options.target}${incoming.url}`, {
        ...{ dispatcher: this.#upstream, method: 'POST', headers, body },
      });
      const type = String(answer.headers['content-type'] ?? '');
      const bytes = Buffer.from(await answer.body.arrayBuffer());
      await this.#answer(response, socket, { status: answer.statusCode, type, bytes });
    } catch {
      reset(socket); // the replica is gone, or the gateway is
    }
  }

  async #answer(response: ServerResponse, socket: Socket, answer: Answer): Promise<void> {
    const { status, type, bytes } = answer;
    const half = bytes.subarray(0, Math.ceil(bytes.length / 2));
    const { signal } = this.#ending;
    switch (this.#fault) {
      case 'black hole':
        return;
      case 'reset in mid-answer':
        socket.write(Buffer.concat([headOf(answer), half]));
        await clock.sleep(BEFORE_RESET_MS);
        socket.resetAndDestroy();
        return;
      case 'stall':
        socket.write(headOf(answer));
        return;
      case 'drip':
        await this.#drip(socket, Buffer.concat([headOf(answer), bytes]), signal);
        return;
      case 'cut body':
        socket.end(Buffer.concat([headOf(answer), half]));
        return;
      case 'cut chunks':
        socket.end(Buffer.concat([headOf(answer, 'transfer-encoding: chunked'), chunkOf(half)]));
        return;
      case 'latency':
        await clock.sleep(this.#options.latencyMs, signal);
    }
    response.writeHead(status, { 'content-type': type, 'content-length': bytes.length }).end(bytes);
  }

  async #drip(socket: Socket, bytes: Buffer, signal: AbortSignal): Promise<void> {
    for (const byte of bytes) {
      if (socket.destroyed || signal.aborted) return;
      socket.write(Buffer.of(byte));
      await clock.sleep(DRIP_EVERY_MS, signal);
    }
  }
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly bytes: Buffer;
}

const headOf = ({ status, type, bytes }: Answer, length = `content-length: ${bytes.length}`): Buffer =>
  Buffer.from(`HTTP/1.1 ${status} OK\r\ncontent-type: ${type}\r\n${length}\r\n\r\n`);

const chunkOf = (bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);

async function bytesOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
