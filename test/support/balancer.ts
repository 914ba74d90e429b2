/**
 * A load balancer as simple as they come: gives each new connection to the next server that was ready when it last looked.
 * It knows nothing of requests, and keeps no server for a client.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach } from '@jest/globals';
import { request } from 'undici';
import { systemClock } from '../../common/clock.ts';

/** Between two looks, in milliseconds; Kubernetes and cloud balancers take seconds. */
const LOOK_MS = 500;

export interface Balancer {
  readonly url: string;
  /** Connections given to each of its servers, in their order. */
  readonly given: readonly number[];
  /** The servers that were ready at the last look, by their place. */
  readonly ready: ReadonlySet<number>;
}

/** Call at the top of a test file. */
export function balancersPerTest() {
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    await Promise.all(closing.splice(0).map((close) => close()));
  });
  return async (urls: readonly string[]): Promise<Balancer> => {
    const given = urls.map(() => 0);
    const ready = new Set<number>();
    const sockets = new Set<Socket>();
    const stopping = new AbortController();
    // When none is ready, the last that were go on being used, as balancers do: what is behind them all may be at fault.
    const look = async () => {
      const now = await Promise.all(urls.map(isReady));
      if (!now.includes(true)) return;
      for (const [i, isSo] of now.entries()) {
        if (isSo) ready.add(i);
        else ready.delete(i);
      }
    };
    await look();
    const looking = (async () => {
      while (!stopping.signal.aborted) {
        await systemClock.sleep(LOOK_MS, stopping.signal);
        await look();
      }
    })();
    let turn = 0;
    const server = createServer({ allowHalfOpen: true }, (client) => {
      const choices = [...ready].toSorted();
      const chosen = choices[turn % choices.length] ?? 0;
      turn += 1;
      given[chosen] = (given[chosen] ?? 0) + 1;
      const { hostname, port } = new URL(urls[chosen] ?? '');
      const upstream = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
      for (const [from, to] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        sockets.add(from);
        from.pipe(to);
        from.on('error', () => to.resetAndDestroy()).on('close', () => sockets.delete(from));
      }
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(async () => {
      stopping.abort();
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await Promise.all([closed, looking]);
    });
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, given, ready };
  };
}

async function isReady(url: string): Promise<boolean> {
  try {
    const { statusCode, body } = await request(`${url}/readyz`, { reset: true });
    await body.dump();
    return statusCode === 200;
  } catch {
    return false;
  }
}
