/** The job queues that run beside the chat worker: no dependencies of this project, installed when a bench first asks. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

const folder = fileURLToPath(new URL('../peers/', import.meta.url));

/** Installs them from their own lock file, unless they are there. */
export function installPeers(): void {
  if (existsSync(`${folder}node_modules`)) return;
  console.log('Installing the peers into bench/peers …');
  execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'inherit' });
}

/** Loads one. The caller says what it uses of it: its types are there only once it is installed. */
export async function loadPeer<Module>(name: string): Promise<Module> {
  const file = createRequire(folder).resolve(name);
  return (await import(pathToFileURL(file).href)) as Module;
}
