/** Hive Gateway, from npm: no dependency of this project, installed when the bench first asks, outside of it. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const HIVE_VERSION = '2.15.1';
/** Version of its runtime whose planner is written in Rust. */
const HIVE_ROUTER_VERSION = '1.4.23';

/** Kept between runs. @returns the file to run */
export function installHive(): string {
  const folder = join(tmpdir(), `chat-debug-gateway-bench-hive-${HIVE_VERSION}-${HIVE_ROUTER_VERSION}`);
  const file = join(folder, 'node_modules/@graphql-hive/gateway/dist/bin.js');
  if (existsSync(file)) return file;
  console.log(`Installing Hive Gateway ${HIVE_VERSION} into ${folder} …`);
  const half = `${folder}.${process.pid}`; // one that was interrupted must not look like a whole one
  mkdirSync(half, { recursive: true });
  const manifest = {
    ...{ private: true, type: 'module' },
    dependencies: {
      '@graphql-hive/gateway': HIVE_VERSION,
      '@graphql-hive/router-runtime': HIVE_ROUTER_VERSION,
    },
    overrides: { '@graphql-tools/batch-execute': '10.2.0' }, // later versions declare no Node 20
  };
  writeFileSync(join(half, 'package.json'), JSON.stringify(manifest));
  execFileSync('npm', ['install', '--no-audit', '--no-fund'], { cwd: half, stdio: ['ignore', 'ignore', 'inherit'] });
  rmSync(folder, { recursive: true, force: true });
  renameSync(half, folder);
  return file;
}
