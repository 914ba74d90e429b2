/**
 * How every process of the system ends: on SIGTERM, on SIGINT, and, when another process of the system started it, when
 * that one is gone. Stopping twice is stopping once; a stop that hangs is cut short.
 */
import type { Logger } from 'pino';
import { StartError } from './startError.ts';

/** Milliseconds that an orderly stop may take; within the 5 s that a person waits after Ctrl-C. */
const STOP_LIMIT_MS = 4_000;

/** What a child tells the process that started it, once it can be used. */
export interface ReadyMessage {
  ready: { url: string; id?: string };
}

/** Calls `stop` once when the process is told to end, then exits: 0, or 1 if `stop` failed or took too long. */
export function stopOnSignal(stop: () => Promise<void>, log: Logger): void {
  let stopping = false;
  const end = (reason: string) => {
    if (stopping) return;
    stopping = true;
    log.info({ reason }, 'stopping');
    AbortSignal.timeout(STOP_LIMIT_MS).addEventListener('abort', () => process.exit(1));
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error(error, 'could not stop in order');
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', () => end('SIGTERM'));
  process.once('SIGINT', () => end('SIGINT'));
  process.once('disconnect', () => end('the parent process is gone'));
  if (process.connected === false) end('the parent process is gone'); // it went while this one was starting
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
