/** The version of a real earlier commit, built apart, to run beside this one during an upgrade. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** Version 0.1.0, as it was last. */
export const EARLIER_COMMIT = 'fa37945';

const git = (...args: string[]): string =>
  execFileSync('git', ['-C', ROOT, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });

/**
 * False in a clone that does not reach back so far, or in no clone at all. Tests that need it say so, and are skipped.
 */
export function hasEarlierVersion(): boolean {
  try {
    git('cat-file', '-e', `${EARLIER_COMMIT}^{commit}`);
    return true;
  } catch {
    process.stderr.write(
      `\nSKIPPED: two versions at once are not tried. The history here lacks ${EARLIER_COMMIT}: git fetch --unshallow\n\n`,
    );
    return false;
  }
}

export interface EarlierVersion {
  /** The path of a script of that version, from the folder of this one: as `startServerProcess` and `runScript` take it. */
  script(path: string): string;
  remove(): void;
}

/** Takes seconds; the caller removes it. */
export function buildEarlierVersion(): EarlierVersion {
  const folder = mkdtempSync(join(tmpdir(), 'chat-debug-earlier-'));
  const archive = execFileSync('git', ['-C', ROOT, 'archive', EARLIER_COMMIT], { maxBuffer: 256 * 1024 * 1024 });
  execFileSync('tar', ['-x', '-C', folder], { input: archive });
  if (sharesPackages(folder)) symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  else execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'ignore' });
  execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  return {
    script: (path) => relative(ROOT, join(folder, path)),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** True if all packages of the earlier version are installed here in the same version. */
function sharesPackages(folder: string): boolean {
  const [earlier, now] = [versionsIn(folder), versionsIn(ROOT)];
  return [...earlier].every(([name, version]) => now.get(name) === version);
}

function versionsIn(folder: string): Map<string, string | undefined> {
  const { packages } = lockFile.parse(JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')));
  const installed = Object.entries(packages).filter(([name]) => name !== '');
  return new Map(installed.map(([name, { version }]) => [name, version]));
}

const lockFile = z.object({ packages: z.record(z.string(), z.object({ version: z.string().optional() })) });
