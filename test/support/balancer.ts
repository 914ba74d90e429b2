/**
 * A simple load balancer: it gives each new connection to the next server that was ready at the last look.
 * It knows nothing of requests, and keeps no server for a client.
 */
import { afterEach } from '@jest/globals';
import { request } from 'undici';
import { deadlineSignal, systemClock } from '../../common/clock.ts';
import { startTcpProxy } from './tcpProxy.ts';

/** Milliseconds between two looks; Kubernetes and cloud balancers take seconds. */
const LOOK_MS = 500;
/** Milliseconds that a look may take, the default of a Kubernetes probe. */
const LOOK_LIMIT_MS = 1_000;

interface Balancer {
  readonly url: string;
  /** Connections given to each of its servers, in their order. */
  readonly given: readonly number[];
  /** Number of its servers that were ready at the last look. */
  countReady(): number;
}

/** Call at the top of a test file. */
export function balancersPerTest() {
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    await Promise.all(closing.splice(0).map((close) => close()));
  });
  return async (urls: readonly string[]): Promise<Balancer> => {
    const given = urls.map(() => 0);
    const seen: Seen[] = [];
    const stopping = new AbortController();
    const look = async (i: number, url: string) => {
      const now = await lookAt(url, stopping.signal);
      if (now !== 'silent' || seen[i] !== 'leaving') seen[i] = now;
    };
    await Promise.all(urls.map((url, i) => look(i, url)));
    // Each by itself: one that is slow to say how it is must not keep what another one says from being heard.
    const looking = urls.map(async (url, i) => {
      while (!stopping.signal.aborted) {
        await systemClock.sleep(LOOK_MS, stopping.signal);
        await look(i, url);
      }
    });
    const placesOf = (is: (how: Seen | undefined) => boolean) => [...urls.keys()].filter((i) => is(seen[i]));
    const ready = () => placesOf((how) => how === 'ready');
    // Servers to use. If none is ready, those that are not about to go are used, as balancers do: all may share a
    // fault.
    const usable = () => {
      const byRank = [ready(), placesOf((how) => how !== 'leaving'), placesOf(() => true)];
      return byRank.find((places) => places.length > 0) ?? [];
    };
    let turn = 0;
    const target = () => {
      const choices = usable();
      const chosen = choices[turn % choices.length] ?? 0;
      turn += 1;
      given[chosen] = (given[chosen] ?? 0) + 1;
      return urls[chosen] ?? '';
    };
    const proxy = await startTcpProxy({ target });
    closing.push(async () => {
      stopping.abort();
      await Promise.all([proxy.close(), ...looking]);
    });
    return { url: `http://127.0.0.1:${proxy.port}`, given, countReady: () => ready().length };
  };
}

/** `leaving`: it says so, or is gone. `silent`: nothing was heard in time, which may be the fault of whoever looks. */
type Seen = 'ready' | 'not ready' | 'leaving' | 'silent';

async function lookAt(url: string, stopping: AbortSignal): Promise<Seen> {
  const limit = deadlineSignal(LOOK_LIMIT_MS, stopping);
  try {
    const { statusCode, body } = await request(`${url}/readyz`, { reset: true, signal: limit.signal });
    const text = await body.text();
    if (statusCode === 200) return 'ready';
    return text === 'stopping' ? 'leaving' : 'not ready';
  } catch {
    return limit.signal.aborted ? 'silent' : 'leaving';
  } finally {
    limit.clear();
  }
}
