/**
 * `npm run package -- --sizes`: prints each figure of the package beside its limit, and ends with 1 if one is over.
 * They are what is downloaded, what lies on the disk, and the time that `npx` takes to a running system, install included.
 */
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import { systemClock } from '../common/clock.ts';
import { environmentWith } from '../server/settings/config.ts';

const MB = 1_000_000;
const sizeOf = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + lstatSync(join(entry.parentPath, entry.name)).size, 0);

/** Starts it in an empty folder, with a cache of npm that does not have it. @returns seconds until all is up */
async function secondsToRun(tarball: string, folder: string): Promise<number | undefined> {
  const home = join(folder, 'run');
  mkdirSync(home);
  copyFileSync(tarball, join(home, basename(tarball)));
  const beganMs = systemClock.monotonicMs();
  const child = spawn('npx', ['--yes', `./${basename(tarball)}`], {
    ...{ cwd: home, detached: true, stdio: ['ignore', 'pipe', 'inherit'] },
    env: environmentWith({ PORT: '0', DATABASE_URL: '', npm_config_cache: join(folder, 'cache') }),
  });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  let seconds: number | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.includes('all is up')) continue;
    seconds = (systemClock.monotonicMs() - beganMs) / 1_000;
    process.kill(-(child.pid ?? 0), 'SIGINT'); // the signal that Ctrl-C sends
  }
  await ended;
  return seconds;
}

const [, , out = 'build'] = process.argv;
const manifest = z.object({ name: z.string(), version: z.string() });
const { name, version } = manifest.parse(JSON.parse(readFileSync(join(out, 'package/package.json'), 'utf8')));
const tarball = join(out, `${name}-${version}.tgz`);
const folder = mkdtempSync(join(tmpdir(), 'chat-debug-package-'));
try {
  const installed = join(folder, 'installed');
  mkdirSync(installed);
  const install = ['install', '--silent', '--no-save', '--no-audit', '--no-fund', '--prefix', installed, tarball];
  execFileSync('npm', install, { stdio: ['ignore', 'ignore', 'inherit'] });
  const figures: readonly (readonly [what: string, figure: number | undefined, limit: number])[] = [
    ['packed, MB', statSync(tarball).size / MB, 5],
    ['folder of the image, MB', sizeOf(join(out, 'package')) / MB, 60],
    ['installed with its Postgres, MB', sizeOf(join(installed, 'node_modules')) / MB, 120],
    ['npx to a running system, s', await secondsToRun(tarball, folder), 20],
  ];
  for (const [what, figure, limit] of figures) {
    console.log(`${what.padEnd(34)}${figure?.toFixed(1).padStart(6) ?? ' never'}   at most ${limit}`);
    if (figure === undefined || figure > limit) process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
