/** An earlier commit of this repository, in a folder of its own with its own dependencies, built. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface Checkout {
  /** As a URL, without a slash at its end. */
  readonly url: string;
  readonly name: string;
  remove(): void;
}

/**
 * @param commit of this repository, or a folder where it is checked out with its dependencies
 * @returns undefined where the history does not reach back to it, and says so
 */
export function checkOut(commit: string): Checkout | undefined {
  if (existsSync(commit)) return { url: pathToFileURL(commit).href, name: commit, remove: () => {} };
  const git = (...args: string[]) => execFileSync('git', args, { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] });
  const folder = join(mkdtempSync(join(tmpdir(), 'chat-debug-bench-')), commit);
  try {
    git('worktree', 'add', '--detach', folder, commit);
  } catch {
    console.log(`SKIPPED: ${commit}, which the history of this checkout does not have.`);
    return undefined;
  }
  execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'ignore' });
  const remove = () => {
    git('worktree', 'remove', '--force', folder);
    rmSync(join(folder, '..'), { recursive: true, force: true });
  };
  return { url: pathToFileURL(folder).href, name: commit, remove };
}
