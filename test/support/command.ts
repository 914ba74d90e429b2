/** Runs a script of this project as its own process, as a person would. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Starts it, with nothing in its environment but `environment` and where programs are.
 * @param script path from the project's folder: TypeScript, or what the build makes of it
 */
export function spawnScript(
  script: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): ChildProcessByStdio<null, Readable, Readable> {
  const file = fileURLToPath(new URL(`../../${script}`, import.meta.url));
  const { PATH = '' } = process.env;
  const options = script.endsWith('.ts') ? ['--import', 'tsx'] : [];
  return spawn(process.execPath, [...options, file, ...args], {
    env: { PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** The same, to its end. */
export async function runScript(...call: Parameters<typeof spawnScript>): Promise<Finished> {
  const child = spawnScript(...call);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const [code] = (await once(child, 'close')) as [number];
  return { code, stdout, stderr };
}
