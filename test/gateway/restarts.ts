/** What tests of restarts share. */
import { expect } from '@jest/globals';
import { systemClock } from '../../common/clock.ts';
import { freePort } from '../../local/ports.ts';
import type { ServerProcess } from '../support/serverProcess.ts';

export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort(systemClock));
  return [...ports];
}

/** As an orchestrator does it: tells the process to end, waits until it has, and starts another one. */
export async function restart<S extends ServerProcess>(
  server: ServerProcess | undefined,
  again: () => Promise<S>,
): Promise<S> {
  server?.kill('SIGTERM');
  expect(await server?.ended).toBe(0);
  return again();
}
