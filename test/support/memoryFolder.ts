/**
 * Folder in memory for the temporary files of a run, where the machine has room for one.
 * Each test file has a database of its own, of some hundreds of files. To make them and to delete them on a disk takes a
 * tenth of the run.
 */
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

const MEMORY = '/dev/shm';
/** Free bytes below which the run stays on the disk: databases of five files at a time, their logs, and whole systems. */
const LEAST_FREE_BYTES = 3 * 2 ** 30;
const NAME = /^chat-debug-tests-(\d+)-/;

/**
 * Makes the folder and sets `TMPDIR` to it. Folders of runs that were killed are removed.
 * @returns removes the folder; undefined: there is no room, and temporary files stay where they were
 */
export function folderInMemory(): (() => void) | undefined {
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
