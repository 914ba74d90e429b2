/**
 * One embedded Postgres for the whole run; in it a migrated template, from which each test file gets a database of its own.
 * It also builds the processes and the terminals, for the tests that start them.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { folderInMemory } from './memoryFolder.ts';
import { startMigratedServer } from './migratedServer.ts';
import { buildTestProcesses } from './testProcesses.ts';

declare global {
  var endTestRun: (() => Promise<void>) | undefined;
}

export default async function globalSetup(): Promise<void> {
  execFileSync(process.execPath, [fileURLToPath(new URL('../../scripts/build.mjs', import.meta.url))]);
  await buildTestProcesses();
  const removeFolder = folderInMemory();
  const server = await startMigratedServer();
  globalThis.endTestRun = async () => {
    await server.stop();
    removeFolder?.();
  };
  process.env.TEST_DATABASE_URL = server.url;
}
