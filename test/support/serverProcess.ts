/** A server of the system as a process that nobody supervises, as `npm run start:…` runs it in a deployment. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach } from '@jest/globals';
import * as z from 'zod';
import { spawnScript } from './command.ts';

const lineWithUrl = z.object({ url: z.url() });

export interface ServerProcess {
  readonly url: string;
  kill(signal: NodeJS.Signals): void;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

interface ServerProcessListeners {
  /** As soon as there is a process, whether it will be ready or not. */
  readonly onProcess?: (child: ChildProcess) => void;
  /** Each line that it writes to standard error. */
  readonly onLine?: (line: string) => void;
}

/** Resolves when it has logged where it listens. @throws with what it wrote if it ends instead */
export async function startServerProcess(
  script: string,
  environment: Readonly<Record<string, string>>,
  { onProcess = () => {}, onLine = () => {} }: ServerProcessListeners = {},
): Promise<ServerProcess> {
  const child = spawnScript(script, [], { LOG_LEVEL: 'info', ...environment });
  onProcess(child);
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'SIGKILL'));
  });
  child.stdout.resume();
  const written: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    const lines = createInterface({ input: child.stderr });
    lines.on('line', (line) => {
      written.push(line);
      onLine(line);
      const found = line.startsWith('{') ? lineWithUrl.safeParse(JSON.parse(line)).data : undefined;
      if (found) resolve(found.url);
    });
    lines.once('close', () => reject(new Error(`${script} did not start:\n${written.join('\n')}`)));
  });
  return { url, kill: (signal) => void child.kill(signal), ended };
}

/** Call at the top of a test file. What still runs after a test is killed. */
export function serverProcessesPerTest() {
  const children: ChildProcess[] = [];
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    }
  });
  return (script: string, environment: Readonly<Record<string, string>>): Promise<ServerProcess> =>
    startServerProcess(script, environment, { onProcess: (child) => children.push(child) });
}
