/** One run of one process: its lines, its first word, its end. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import * as z from 'zod';
import type { Clock } from '../../common/clock.ts';
import type { ReadyMessage } from '../../server/lifecycle.ts';

/** A process to start. */
export interface ProcessSpec {
  /** Name for the person: `replica 2`. */
  readonly name: string;
  /** A file, built or TypeScript, that calls `announceReady` and `stopOnSignal`. */
  readonly script: URL;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** First message to the process. */
  readonly message?: object;
  /** Present if it can start before the stages that it needs later. */
  readonly startsAtOnce?: boolean;
}

/** Announcement of a process that can be used, and its process id. */
export type Ready = ReadyMessage['ready'] & { readonly pid: number };
const readyMessage = z.object({ ready: z.object({ url: z.string(), id: z.string().optional() }) });

/** End of a process: an exit code, a signal, or neither if it never ran. */
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

/** Milliseconds for the last lines of an ended process. Another process may hold its output open. */
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

/** Text for the person: where the process is, and what to kill. User and password of a URL are left out. */
export function describeReady({ url, id, pid }: Ready): string {
  return `${url.replace(/\/\/[^/@]*@/, '//')}, process ${pid}${id ? `, id ${id}` : ''}`;
}

export function describeEnding({ code, signal }: Ending): string {
  if (signal) return `signal ${signal}`;
  return code === null ? 'no process at all' : `exit code ${code}`;
}
