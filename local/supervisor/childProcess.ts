/** One run of one process: its lines, its first word, its end. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import type { Clock } from '../../common/clock.ts';
import type { ReadyMessage } from '../../server/lifecycle.ts';

/** What there is to start. */
export interface ProcessSpec {
  /** For the person: `replica 2`. */
  readonly name: string;
  /** A file, built or TypeScript, that calls `announceReady` and `stopOnSignal`. */
  readonly script: URL;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Sent to the process first. */
  readonly message?: object;
  /** It can start before the stages that it needs later are there. */
  readonly startsAtOnce?: boolean;
}

/** What a process says once it can be used, and its number. */
export type Ready = ReadyMessage['ready'] & { readonly pid: number };
const readyMessage = z.object({ ready: z.object({ url: z.string(), id: z.string().optional() }) });

/** How a process ended: with an exit code, by a signal, or (neither) it was never there. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  /** Never resolves if it ends before it is ready. */
  readonly ready: Promise<Ready>;
  /** Resolves when it is gone and its last lines were handed on. Never rejects. */
  readonly ended: Promise<Ending>;
  kill(signal: NodeJS.Signals): void;
}

/** Milliseconds for the last lines of a process that has ended; another one may hold its output open. */
const LAST_LINES_MS = 500;

/**
 * Starts it in a session of its own, so that Ctrl-C in the terminal reaches only this process.
 * @param onLine takes each line that it writes
 */
export function runChild(spec: ProcessSpec, clock: Clock, onLine: (line: string) => void): Child {
  const child = fork(spec.script, {
    execArgv: spec.script.pathname.endsWith('.ts') ? ['--import', 'tsx'] : [],
    env: spec.environment,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  child.on('error', () => {}); // it could not be started, or is gone already: `ended` says so
  const output = [child.stdout, child.stderr].filter((stream) => stream !== null);
  const allLines = Promise.all(output.map((stream) => handOn(stream, onLine)));
  if (spec.message) child.send(spec.message);
  return {
    ready: new Promise((resolve) => {
      child.on('message', (message) => {
        const { data } = readyMessage.safeParse(message);
        const { url, id } = data?.ready ?? {};
        if (url) resolve({ url, pid: child.pid ?? 0, ...(id ? { id } : {}) });
      });
    }),
    ended: endOf(child).then(async (ending) => {
      const read = new AbortController();
      await Promise.race([allLines.finally(() => read.abort()), clock.sleep(LAST_LINES_MS, read.signal)]);
      return ending;
    }),
    kill: (signal) => child.kill(signal),
  };
}

async function handOn(stream: Readable, onLine: (line: string) => void): Promise<void> {
  for await (const line of createInterface({ input: stream })) onLine(line);
}

async function endOf(child: ChildProcess): Promise<Ending> {
  if (child.pid === undefined) return { code: null, signal: null };
  const [code, signal] = (await once(child, 'exit')) as [Ending['code'], Ending['signal']];
  return { code, signal };
}

/** For the person: where it is, and what to kill. Without the user and password of a URL. */
export function describeReady({ url, id, pid }: Ready): string {
  return `${url.replace(/\/\/[^/@]*@/, '//')}, process ${pid}${id ? `, id ${id}` : ''}`;
}

export function describeEnding({ code, signal }: Ending): string {
  if (signal) return `signal ${signal}`;
  return code === null ? 'no process at all' : `exit code ${code}`;
}
