/** What tests of restarts share. */
import { expect } from '@jest/globals';
import type { ServerProcess } from '../support/serverProcess.ts';

/** As an orchestrator does it: tells the process to end, waits until it has, and starts another one. */
export async function restart<S extends ServerProcess>(
  server: ServerProcess | undefined,
  again: () => Promise<S>,
): Promise<S> {
  server?.kill('SIGTERM');
  expect(await server?.ended).toBe(0);
  return again();
}
