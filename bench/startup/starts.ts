/**
 * How long do the processes of a checkout take from their start to their first answer, each started as package.json
 * says?
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { systemClock as clock } from '../../common/clock.ts';
import { readSystemFile } from '../../local/systemFile.ts';
import type { ReadyMessage } from '../../server/lifecycle.ts';
import { environmentWith } from '../../server/settings/config.ts';
import { keep, stopOne } from '../gateway/processes.ts';
import { processTimeMs } from '../support/processTime.ts';

/** Time from its start to its first answer. */
export interface Start {
  readonly wallMs: number;
  /** Processor time of the process itself, in milliseconds; NaN where it is not known. */
  readonly cpuMs: number;
}

const manifest = z.object({ scripts: z.record(z.string(), z.string()) });
const LOOK_EVERY_MS = 10;

/** Asks the process at `url` once; false: that was no answer. */
type Ask = (url: string) => Promise<boolean>;

/**
 * One process by itself, without npm.
 * @param script of package.json, such as `start:gateway`
 */
export async function timeProcess(
  folder: string,
  script: string,
  environment: Readonly<Record<string, string>>,
  ask: Ask,
): Promise<Start> {
  const command = manifest.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))).scripts[script] ?? '';
  const words = command.slice(command.lastIndexOf('node ')).split(' ').slice(1); // it may be built first
  const beganMs = clock.monotonicMs();
  const child = fork(words.at(-1) ?? '', {
    execArgv: words.slice(0, -1),
    cwd: folder,
    env: environmentWith({ NODE_ENV: 'production', LOG_LEVEL: 'warn', ...environment }),
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  keep(child);
  const died = once(child, 'exit').then(([code]) => Promise.reject(new Error(`${command} ended with ${code}`)));
  died.catch(() => {}); // later it is told to end
  const [{ ready }] = (await Promise.race([once(child, 'message'), died])) as [ReadyMessage];
  return timeAnswer(beganMs, child, () => ask(ready.url));
}

/** `npm start` with what is in DATA_DIR already, to an answer that holds rows and every replica's memory. */
export async function timeSystem(folder: string, dataDir: string): Promise<Start> {
  const beganMs = clock.monotonicMs();
  const child = spawn('npm', ['--silent', 'start'], {
    cwd: folder,
    env: environmentWith({ DATA_DIR: dataDir, PORT: '0', DATABASE_URL: '' }),
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true, // a group of its own, to be sent what Ctrl-C sends
  });
  child.stdout.resume();
  const closed = once(child, 'close'); // npm, its shell and the system have ended
  let hasEnded = false;
  child.once('exit', () => {
    hasEnded = true;
  });
  for (;;) {
    const system = readSystemFile(dataDir);
    if (system && (await answersWhole(system.gatewayUrl, system.token))) break;
    if (hasEnded) throw new Error(`npm start ended with ${child.exitCode}`);
    await clock.sleep(LOOK_EVERY_MS);
  }
  const wallMs = clock.monotonicMs() - beganMs;
  process.kill(-(child.pid ?? 0), 'SIGINT');
  await closed;
  return { wallMs, cpuMs: Number.NaN };
}

async function answersWhole(gatewayUrl: string, token: string): Promise<boolean> {
  const response = await fetch(`${gatewayUrl}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: '{ replicas(alive: true) { runtime { runnerCount reachability { status } } } }' }),
  });
  return (await response.text()).split('"status":"OK"').length === 4;
}

/** A process that is started otherwise. It is stopped. */
export async function timeAnswer(beganMs: number, child: ChildProcess, ask: () => Promise<boolean>): Promise<Start> {
  while (!(await ask())) await clock.sleep(LOOK_EVERY_MS);
  const wallMs = clock.monotonicMs() - beganMs;
  const cpuMs = processTimeMs(child.pid);
  await stopOne(child);
  return { wallMs, cpuMs };
}
