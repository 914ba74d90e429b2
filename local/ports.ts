/** Ports of this machine. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Clock } from '../common/clock.ts';
import { StartError } from '../server/startError.ts';

/**
 * Lowest port that is tried. All lie below those that systems give to outgoing connections.
 * Such a connection could take a port between this look and its use, or during a restart.
 */
const FROM = 20_000;
const COUNT = 12_000;

/**
 * Finds a port of the loopback interface that nobody listens on now.
 * @param taken ports that somebody is about to use
 */
export async function freePort(clock: Pick<Clock, 'random'>, taken: readonly number[] = []): Promise<number> {
  for (;;) {
    const port = FROM + Math.floor(clock.random() * COUNT);
    if (!taken.includes(port) && !(await portProblem('127.0.0.1', port))) return port;
  }
}

/** Finds as many different ports. */
export async function freePorts(count: number, clock: Clock): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) ports.push(await freePort(clock, ports));
  return ports;
}

/**
 * @param setting name of the setting that gives the port
 * @param waitMs milliseconds to wait for its present user
 * @throws StartError if it stays taken or may not be used
 */
export async function assertPortFree(
  { host, port, setting }: { host: string; port: number; setting: string },
  waitMs: number,
  clock: Clock,
): Promise<void> {
  const until = clock.monotonicMs() + waitMs;
  for (;;) {
    const problem = await portProblem(host, port);
    if (!problem) return;
    if (problem !== 'EADDRINUSE' || clock.monotonicMs() >= until) {
      const what = problem === 'EADDRINUSE' ? 'another program listens there' : problem;
      throw new StartError(`Cannot use port ${port} on ${host}: ${what}. Set ${setting} or HOST to another one.`);
    }
    await clock.sleep(100);
  }
}

/** Code of the error that keeps everybody from listening there; undefined: the port is free. */
async function portProblem(host: string, port: number): Promise<string | undefined> {
  const server = createServer();
  try {
    await once(server.listen({ host, port, exclusive: true }), 'listening');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
  await once(server.close(), 'close');
  return undefined;
}

/** URL at which a process on this machine reaches one that listens on `host`. */
export function localUrl(host: string, port: number): string {
  const wildcards: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '[::1]' };
  const name = wildcards[host] ?? (host.includes(':') ? `[${host}]` : host);
  return `http://${name}:${port}`;
}
