/**
 * A folder in memory for the temporary files of a run, where the machine has room for one.
 * Each file has a database of its own, of some hundreds of files. A disk's file system takes a tenth of the run to make
 * them and to delete them.
 */
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

const MEMORY = '/dev/shm';
const LEAST_FREE_BYTES = 3 * 2 ** 30;
const NAME = /^chat-debug-tests-(\d+)-/;

/** Sets `TMPDIR`, and removes the folders of runs that were killed. @returns removes the folder; undefined: there is no room */
export function temporaryFolderInMemory(): (() => void) | undefined {
  if (!existsSync(MEMORY)) return undefined;
  for (const name of readdirSync(MEMORY)) {
    const pid = NAME.exec(name)?.[1];
    if (pid && !existsSync(`/proc/${pid}`)) rmSync(join(MEMORY, name), { recursive: true, force: true });
  }
  const { bavail, bsize } = statfsSync(MEMORY);
  if (bavail * bsize < LEAST_FREE_BYTES) return undefined;
  const folder = mkdtempSync(join(MEMORY, `chat-debug-tests-${process.pid}-`));
  chmodSync(folder, 0o711); // Postgres runs as another user than root
  process.env.TMPDIR = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
