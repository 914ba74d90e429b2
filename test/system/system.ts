/**
 * The system of `npm start` as a process with short times, and what a test does with it from outside.
 * That is its output, its signals, its HTTP, and the commands beside it. Nothing of it outlives the test file, also
 * after a failure.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from '@jest/globals';
import pg from 'pg';
import { systemClock } from '../../common/clock.ts';
import type { Ending } from '../../local/supervisor/childProcess.ts';
import { readSystemFile, type SystemFile } from '../../local/systemFile.ts';
import { runScript, spawnScript } from '../support/command.ts';
import { until } from '../support/until.ts';
import { killAllOn, processesOn } from './processes.ts';

/** Long enough that a replica which the machine leaves without time for some seconds keeps its chats. */
export const STALE_AFTER_SECONDS = 8;
export const ACQUISITION_INTERVAL_SECONDS = 0.5;
/** Milliseconds that a loaded machine may take on top of any promised time. */
export const MARGIN_MS = 20_000;
const END_LIMIT_MS = 10_000;
/** Words of the last line that it writes once all is up. */
const LAST_WORDS = 'Ctrl-C stops all of it';

export interface System extends SystemFile {
  /** Connections to its database. */
  readonly pool: pg.Pool;
  /** Everything that it has written. */
  output(): string;
  /** Sends a signal to `npm start` itself. */
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<Ending>;
  /** The process of the replica with this id, and what it is called in the output. */
  processOf(workerId: string): { name: string; pid: number };
  /** Runs a command beside it, which must succeed. @returns what it printed */
  run(script: 'dist/cli/chat.js' | 'dist/cli/token.js', ...args: string[]): Promise<string>;
}

/** Call at the top of a test file: gives it a DATA_DIR, and at its end ends whatever runs there. */
export function systemsPerFile() {
  const file: { dataDir?: string } = {};
  const started: Pick<System, 'kill'>[] = [];
  const pools: pg.Pool[] = [];
  const dataDir = () => {
    if (!file.dataDir) throw new Error('The folder is there once the tests run, not while the file is read');
    return file.dataDir;
  };
  beforeAll(() => {
    file.dataDir = mkdtempSync(join(tmpdir(), 'chat-debug-system-'));
  });
  afterAll(async () => {
    await Promise.all(pools.map((pool) => pool.end()));
    await endAll(dataDir(), started);
    rmSync(dataDir(), { recursive: true, maxRetries: 5 });
  });
  return {
    get dataDir() {
      return dataDir();
    },
    /** Resolves once it has said that all is up and how to use it. @throws with its output if it ends instead */
    start: async (changes: Readonly<Record<string, string>> = {}): Promise<System> => {
      const { up, ...system } = launch(dataDir(), changes);
      started.push(system);
      await up;
      const written = readSystemFile(dataDir());
      if (!written) throw new Error('It says that it is up, and has not written where');
      const pool = new pg.Pool({ connectionString: written.databaseUrl });
      pools.push(pool);
      return { ...written, ...system, pool };
    },
  };
}

function launch(dataDir: string, changes: Readonly<Record<string, string>>) {
  const child = spawnScript('dist/system.js', [], {
    npm_lifecycle_event: 'start', // as npm does: it stops when the test's process is gone
    DATA_DIR: dataDir,
    PORT: '0',
    HEARTBEAT_INTERVAL_SECONDS: '0.5',
    HEARTBEAT_STALE_SECONDS: String(STALE_AFTER_SECONDS),
    ACQUISITION_INTERVAL_SECONDS: String(ACQUISITION_INTERVAL_SECONDS),
    DATABASE_TIMEOUT_MS: '20000', // no test is about a slow database
    RATE_LIMIT_PER_MINUTE: '0', // whoever waits for something asks all the time
    MCP_RATE_LIMIT_PER_MINUTE: '0',
    ...changes,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  const ended = once(child, 'close').then(([code, signal]): Ending => ({ code, signal }));
  const isUp = until(
    'the system is up, or has ended',
    () => child.exitCode !== null || child.signalCode !== null || output.includes(LAST_WORDS),
  );
  return {
    output: () => output,
    kill: (signal: NodeJS.Signals) => void child.kill(signal),
    ended,
    up: isUp.then(async () => {
      if (output.includes(LAST_WORDS)) return;
      await ended;
      throw new Error(`It did not start. Its output:\n${output}`);
    }),
    processOf: (workerId: string) => {
      const line = output.split('\n').find((one) => one.endsWith(`, id ${workerId}`)) ?? '';
      const [, name, pid] = /(replica \d) [a-z ]+: .*, process (\d+),/.exec(line) ?? [];
      if (!name) throw new Error(`No line of its output names ${workerId}:\n${output}`);
      return { name, pid: Number(pid) };
    },
    run: async (script: 'dist/cli/chat.js' | 'dist/cli/token.js', ...args: string[]) => {
      const { code, stdout, stderr } = await runScript(script, args, { DATA_DIR: dataDir });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      return stdout.trim();
    },
  };
}

/** Ends all in order if possible; otherwise what is left is killed. */
async function endAll(dataDir: string, systems: readonly Pick<System, 'kill'>[]): Promise<void> {
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    for (const system of systems) system.kill(signal);
    const untilMs = systemClock.monotonicMs() + END_LIMIT_MS;
    await until(
      'no process is left, or the time is up',
      () => processesOn(dataDir).length === 0 || systemClock.monotonicMs() > untilMs,
    );
  }
  killAllOn(dataDir);
  await until('no process is left', () => processesOn(dataDir).length === 0);
}
