import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from '@jest/globals';

/**
 * A folder for each test of a file, removed after it. Call at the top of the file.
 * @param endAll ends what a test has running there, before the folder is removed
 */
export function folderPerTest(endAll: () => Promise<unknown> = async () => {}): { readonly path: string } {
  const folder = { path: '' };
  beforeEach(() => {
    folder.path = mkdtempSync(join(tmpdir(), 'chat-debug-local-'));
  });
  afterEach(async () => {
    await endAll();
    rmSync(folder.path, { recursive: true });
  });
  return folder;
}
