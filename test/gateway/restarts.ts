/** Shared parts of the tests of restarts. */
import { expect } from '@jest/globals';
import type { ServerProcess } from '../support/serverProcess.ts';

/** Restarts a process as an orchestrator does: tells it to end, waits for that, and starts another one. */
export async function restart<S extends ServerProcess>(
  server: ServerProcess | undefined,
  again: () => Promise<S>,
): Promise<S> {
  server?.kill('SIGTERM');
  expect(await server?.ended).toBe(0);
  return again();
}
