/**
 * The end of every process of the system: on SIGTERM, on SIGINT, on SIGHUP, or when its parent in the system is gone.
 * A second order changes nothing; a stop that hangs is cut short.
 *
 * On SIGTERM a server retires before it stops. A load balancer or a Kubernetes service learns only after a moment that
 * it shall go.
 * Until then its requests are answered. Ctrl-C, a terminal that is closed and the system of `npm start` skip that
 * wait, and end one that has begun.
 */
import type { Logger } from 'pino';
import { systemClock } from '../common/clock.ts';
import { StartError } from './startError.ts';

/** Milliseconds between "not ready" and the end: Kubernetes takes 1 or 2 s to spread it, a prober some tries. */
export const RETIRE_MS = 5_000;
/** Milliseconds for an orderly stop after that, within the 5 s that a person waits after Ctrl-C. */
const STOP_LIMIT_MS = 4_000;

/** Message of a child that can be used, to the process that started it. */
export interface ReadyMessage {
  ready: { url: string; id?: string };
}

export interface Stoppable {
  /** Reports that it is not ready, begins to give up what others can take over, and still answers. */
  retire?(): Promise<void>;
  /** Takes nothing new, finishes what runs, then closes. A second call changes nothing. */
  stop(): Promise<void>;
}

/** Stops `server` once when the process is told to end, then exits: 0, or 1 if that failed or took too long. */
export function stopOnSignal(server: Stoppable, log: Logger): void {
  const isSupervised = process.send !== undefined;
  const hurry = new AbortController();
  let stopping = false;
  const end = async (reason: string) => {
    if (reason !== 'SIGTERM' || isSupervised) hurry.abort();
    if (stopping) return;
    stopping = true;
    log.info({ reason }, 'stopping');
    if (!hurry.signal.aborted && server.retire) {
      server.retire().catch((error: unknown) => log.error({ err: error }, 'could not retire in order'));
      await systemClock.sleep(RETIRE_MS, hurry.signal);
    }
    AbortSignal.timeout(STOP_LIMIT_MS).addEventListener('abort', () => process.exit(1));
    try {
      await server.stop();
      process.exit(0);
    } catch (error) {
      log.error(error, 'could not stop in order');
      process.exit(1);
    }
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void end(signal));
  process.once('disconnect', () => void end('the parent process is gone'));
  if (process.connected === false) void end('the parent process is gone'); // it went while this one was starting
}

/** Tells the parent, if there is one that listens. */
export function announceReady(ready: ReadyMessage['ready']): void {
  process.send?.({ ready } satisfies ReadyMessage);
}

/** Ends a process that could not start: the reason in one line, without a stack for errors meant for a person. */
export function failToStart(error: unknown, log: Logger): never {
  if (error instanceof StartError) process.stderr.write(`${error.message}\n`);
  else log.fatal(error, 'could not start');
  process.exit(1);
}
