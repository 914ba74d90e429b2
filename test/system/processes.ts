/** The processes of a system, found in Linux's /proc by its DATA_DIR, which is in the environment or the arguments of each. */
import { readdirSync, readFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';

/** Ids of running processes that have to do with the folder. An ended one that waits to be reaped is none. */
export function processesOn(dataDir: string): number[] {
  if (!isAbsolute(dataDir)) throw new Error(`Not the path of a folder: ${JSON.stringify(dataDir)}`); // '' is in every one
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => ['environ', 'cmdline'].some((file) => read(pid, file).includes(dataDir))).map(Number);
}

/** Empty if the process is gone or somebody else's. */
function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

/** Ends those without ceremony. */
export function killAllOn(dataDir: string): void {
  for (const pid of processesOn(dataDir)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it ended by itself meanwhile
    }
  }
}
