/** A real PgBouncer in transaction mode in front of a database, where it is installed. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../../common/clock.ts';
import { freePort } from '../../../../local/ports.ts';
import { unprivilegedLaunch } from '../../../../local/postgres/unprivileged.ts';
import { isTaken } from '../../../support/isTaken.ts';
import { until } from '../../../support/until.ts';

interface PgBouncer {
  /** The same database, through it. */
  readonly url: string;
  stop(): Promise<void>;
}

const found = spawnSync('sh', ['-c', 'PATH="$PATH:/usr/sbin" command -v pgbouncer'], {
  encoding: 'utf8',
}).stdout.trim();
export const isPgBouncerInstalled = found !== '';

/** @param settings more lines of its configuration */
export async function startPgBouncer(databaseUrl: string, settings: readonly string[] = []): Promise<PgBouncer> {
  const { hostname, port, pathname, username, password } = new URL(databaseUrl);
  const folder = mkdtempSync(join(tmpdir(), 'chat-debug-pgbouncer-'));
  chmodSync(folder, 0o755);
  const listenPort = await freePort(systemClock);
  const users = join(folder, 'users.txt');
  writeFileSync(users, `"${username}" "${decodeURIComponent(password)}"\n`, { mode: 0o644 });
  const file = join(folder, 'pgbouncer.ini');
  const lines = [
    ...['[databases]', `* = host=${hostname} port=${port}`, '[pgbouncer]', 'listen_addr = 127.0.0.1'],
    ...[`listen_port = ${listenPort}`, 'unix_socket_dir =', 'auth_type = plain', `auth_file = ${users}`],
    ...['pool_mode = transaction', 'default_pool_size = 2', ...settings],
  ];
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o644 });
  const { command, uid, gid } = unprivilegedLaunch(found, folder);
  const [program = found, ...before] = [...command, found];
  const ids = uid === undefined ? {} : { uid, gid };
  const child = spawn(program, [...before, file], { stdio: 'ignore', ...ids });
  await until('PgBouncer answers', () => isTaken(listenPort));
  const url = new URL(databaseUrl);
  url.port = String(listenPort);
  url.pathname = pathname;
  return { url: url.href, stop: () => stop(child, folder) };
}

async function stop(child: ChildProcess, folder: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }
  rmSync(folder, { recursive: true });
}
