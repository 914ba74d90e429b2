/** Builds what the tests in a browser start and show. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export default async function browserSetup(): Promise<void> {
  execFileSync(process.execPath, [fileURLToPath(new URL('../../scripts/build.mjs', import.meta.url))]);
}
