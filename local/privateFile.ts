import { renameSync, writeFileSync } from 'node:fs';

/** Writes JSON that only its user may read. A reader sees the whole old file or the whole new one. */
export function writePrivateFile(path: string, content: unknown): void {
  const unfinished = `${path}.new`;
  writeFileSync(unfinished, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600, flush: true });
  renameSync(unfinished, path);
}
