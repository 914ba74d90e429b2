/** A Postgres server that outlived its keeper: both the keeper and `npm start` were killed. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../common/clock.ts';

/** Milliseconds for an orderly end, and as many again for one without ceremony. */
const LIMIT_MS = 3_000;

/**
 * Stops the server that still runs on a data folder; does nothing if none runs. The caller must be the only one to
 * start one there.
 */
export async function stopLeftOverPostgres(folder: string, clock: Clock): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    const until = clock.monotonicMs() + LIMIT_MS;
    while (clock.monotonicMs() < until) {
      const found = runningOn(folder);
      if (found.kind === 'nothing') return;
      if (found.kind === 'server') kill(found.pid, signal);
      await clock.sleep(50);
    }
  }
}

/** Finding on a folder. `unknown`: this system does not tell what a process is. Such a server ends with its keeper. */
type Found = { kind: 'nothing' } | { kind: 'server'; pid: number } | { kind: 'unknown' };

/**
 * Process named by the folder's own note.
 * After a reboot that number may be any program's, and would keep Postgres from starting. Such a note is removed.
 */
function runningOn(folder: string): Found {
  const note = join(folder, 'postmaster.pid');
  const pid = existsSync(note) ? Number(readFileSync(note, 'utf8').split('\n')[0]) : Number.NaN;
  if (!(pid > 0 && kill(pid, 0))) return { kind: 'nothing' };
  const args = argumentsOf(pid);
  if (!args) return { kind: 'unknown' };
  if (args.includes(folder) && args.some((arg) => arg.endsWith('/postgres'))) return { kind: 'server', pid };
  rmSync(note, { force: true });
  return { kind: 'nothing' };
}

function argumentsOf(pid: number): string[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return undefined; // no /proc on this system, or the process is gone by now
  }
}

function kill(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false; // gone, or somebody else's
  }
}
