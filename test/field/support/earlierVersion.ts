/** The version of a real earlier commit, built apart, to run beside this one during an upgrade. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** Version 0.1.0, as it was last. */
const EARLIER_COMMIT = 'fa37945';

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
  givePackages(folder);
  execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  return {
    script: (path) => relative(ROOT, join(folder, path)),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/**
 * Gives it the packages that are installed here, by links, and installs only those that are not here in its version.
 * Installing all of them takes a minute and a half of a processor.
 */
function givePackages(folder: string): void {
  const [earlier, now] = [versionsIn(folder), versionsIn(ROOT)];
  const missing = [...earlier].filter(([path, version]) => now.get(path) !== version);
  const names = missing.map(([path]) => path.slice('node_modules/'.length));
  if (names.some((name) => name.includes('/'))) {
    // in a scope or in another package: too much to be put together
    execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'ignore' });
    return;
  }
  const apart = join(folder, 'apart');
  mkdirSync(join(folder, 'node_modules'));
  mkdirSync(apart);
  const wanted = missing.map(([, version], i) => `${names[i]}@${version}`);
  const options = ['--prefix', apart, '--ignore-scripts', '--no-audit', '--no-fund'];
  if (wanted.length > 0) execFileSync('npm', ['install', ...options, ...wanted], { stdio: 'ignore' });
  const link = (root: string, name: string) =>
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  for (const name of readdirSync(join(ROOT, 'node_modules'))) if (!names.includes(name)) link(ROOT, name);
  for (const name of names) link(apart, name);
}

function versionsIn(folder: string): Map<string, string | undefined> {
  const { packages } = lockFile.parse(JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')));
  const installed = Object.entries(packages).filter(([name]) => name !== '');
  return new Map(installed.map(([name, { version }]) => [name, version]));
}

const lockFile = z.object({ packages: z.record(z.string(), z.object({ version: z.string().optional() })) });
