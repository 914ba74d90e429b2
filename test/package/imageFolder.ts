/** The folder of package and image as a container has it: files of root in which nothing can be written, and no packages around. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from '@jest/globals';
import * as z from 'zod';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** `nobody`; a run that is not root's own goes on as who it is. */
const NOBODY = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

const lineWithUrl = z.object({ url: z.url() });

/** Call at the top of a test file. Makes the folder, and ends what still runs from it. */
export function imagePerFile() {
  const children: ChildProcess[] = [];
  let folder = '';
  beforeAll(() => {
    execFileSync(process.execPath, [join(ROOT, 'scripts/package.mjs')], { stdio: 'pipe' });
    folder = mkdtempSync(join(tmpdir(), 'chat-debug-image-'));
    chmodSync(folder, 0o755);
    cpSync(join(ROOT, 'build/package'), folder, { recursive: true });
    execFileSync('chmod', ['-R', 'a-w,a+rX', folder]);
  });
  afterAll(async () => {
    await Promise.all(children.map((child) => end(child, 'SIGKILL')));
    execFileSync('chmod', ['-R', 'u+w', folder]);
    rmSync(folder, { recursive: true });
  });
  const options = (environment: Readonly<Record<string, string>>) => ({
    ...{ ...NOBODY, cwd: '/', stdio: 'pipe' as const },
    env: { HOME: '/nonexistent', TMPDIR: '/nonexistent', LOG_LEVEL: 'info', ...environment },
  });
  return {
    get folder() {
      return folder;
    },
    /** Starts a process. @returns where it listens @throws with what it wrote if it ends instead */
    start: async (
      script: string,
      environment: Readonly<Record<string, string>>,
      ...args: string[]
    ): Promise<string> => {
      const child = spawn(process.execPath, [join(folder, script), ...args], options(environment));
      children.push(child);
      child.stdout.resume();
      const written: string[] = [];
      return new Promise((resolve, reject) => {
        const lines = createInterface({ input: child.stderr });
        lines.on('line', (line) => {
          written.push(line);
          const found = line.startsWith('{') ? lineWithUrl.safeParse(JSON.parse(line)).data : undefined;
          if (found) resolve(found.url);
        });
        lines.once('close', () => reject(new Error(`${script} did not start:\n${written.join('\n')}`)));
      });
    },
    /** Runs a command to its end. */
    run: (script: string, args: readonly string[], environment: Readonly<Record<string, string>>) => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, script), ...args], {
        ...{ ...options(environment), encoding: 'utf8' },
      });
      return { code: status, stdout, stderr };
    },
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}
