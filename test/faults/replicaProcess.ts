/** The place of one replica: a process behind a proxy of its own, and another process when that one is gone. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import * as z from 'zod';
import { systemClock } from '../../common/clock.ts';
import { environmentWith } from '../../server/settings/config.ts';
import { type PostgresProxy, startPostgresProxy } from '../support/postgresProxy.ts';
import { REPLICA_SETTINGS } from './settings.ts';

const readyMessage = z.object({ ready: z.object({ id: z.string() }) });
const START_AGAIN_MS = 200;
const MS_PER_MINUTE = 60_000;

export class ReplicaProcess {
  readonly name: string;
  readonly proxy: PostgresProxy;
  readonly #logFile: number;
  #child: ChildProcess | undefined;
  #clockMinutes: number;
  #workerId: string | undefined;
  #faults = 0;
  #closed = false;
  /** Ends that nobody had asked for, in words. */
  readonly unasked: string[] = [];

  private constructor(name: string, proxy: PostgresProxy, logFile: number, clockMinutes: number) {
    this.name = name;
    this.proxy = proxy;
    this.#logFile = logFile;
    this.#clockMinutes = clockMinutes;
  }

  /** @param folder for its log */
  static async make(name: string, databaseUrl: string, folder: string, clockMinutes: number): Promise<ReplicaProcess> {
    const log = openSync(`${folder}/${name}.log`, 'a');
    return new ReplicaProcess(name, await startPostgresProxy(databaseUrl), log, clockMinutes);
  }

  /** Undefined while none is ready. */
  get workerId(): string | undefined {
    return this.#workerId;
  }

  /** True if it runs and no fault is on it. */
  get isHealthy(): boolean {
    return this.#workerId !== undefined && this.#faults === 0;
  }

  /** Not healthy until `fault` has ended and a process is ready again. */
  async suffer(fault: () => Promise<void>): Promise<void> {
    this.#faults += 1;
    try {
      await fault();
    } finally {
      this.#faults -= 1;
    }
  }

  /** Resolves when a process is ready; tries again while the database is away. */
  async start(): Promise<void> {
    while (!this.#closed && !(await this.#startOnce())) await systemClock.sleep(START_AGAIN_MS);
  }

  async #startOnce(): Promise<boolean> {
    const child = fork(new URL('../../dist/replica.js', import.meta.url), {
      execArgv: ['--import', new URL('./clockShift.mjs', import.meta.url).href],
      env: environmentWith({
        ...REPLICA_SETTINGS,
        NODE_OPTIONS: '', // not those of the test's own process
        DATABASE_URL: this.proxy.url,
      }),
      stdio: ['ignore', this.#logFile, this.#logFile, 'ipc'],
    });
    child.on('error', () => {}); // a message that it did not get: it is gone, and 'exit' says so
    this.#child = child;
    this.moveClock(this.#clockMinutes);
    const gone = once(child, 'exit').then(([code, signal]) => {
      if (this.#child === child && this.#workerId) this.unasked.push(`${this.name} ended by itself: ${signal ?? code}`);
      if (this.#child === child) this.#workerId = undefined;
      return undefined;
    });
    const message = once(child, 'message').then(([first]) => readyMessage.parse(first).ready.id);
    this.#workerId = await Promise.race([message, gone]);
    return this.#workerId !== undefined;
  }

  moveClock(minutes: number): void {
    this.#clockMinutes = minutes;
    this.#child?.send({ shiftMs: minutes * MS_PER_MINUTE });
  }

  /** Ends the process and waits until it is gone. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.#workerId = undefined; // from now on its end is no surprise
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  /** Stops it for a while. A process of its own wakes it again, even if this one is gone by then. */
  async pause(ms: number): Promise<void> {
    const script = `kill -STOP "$0"; sleep "$1"; kill -CONT "$0"`;
    const shell = spawn('sh', ['-c', script, String(this.#child?.pid), (ms / 1000).toFixed(2)], { stdio: 'ignore' });
    await once(shell, 'exit');
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.end('SIGKILL');
    await this.proxy.close();
    closeSync(this.#logFile);
  }
}
