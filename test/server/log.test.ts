/** Standard error of a process that has logged, at its end or while it runs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, jest, test } from '@jest/globals';
import { runScript, spawnScript } from '../support/command.ts';

jest.setTimeout(60_000);

const SCRIPT = 'dist/test/server/loggingProcess.js';
const LINES = 500;
const FEW = 3; // not enough to be written before the end
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

const linesOf = (stderr: string): { i?: number; msg?: string; err?: unknown; lines?: number }[] =>
  stderr
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
const numbersOf = (stderr: string) => linesOf(stderr).flatMap(({ i }) => i ?? []);

test.each([
  ['end', 0],
  ['exit', 0],
  ['throw', 1],
  ['reject', 1],
])('every line is there, whole and in order, after its process came to this: %s', async (then, code) => {
  for (const count of [FEW, LINES]) {
    const ended = await runScript(SCRIPT, [String(count), then], {});
    expect(ended.code).toBe(code);
    expect(numbersOf(ended.stderr)).toEqual(numbers(count));
    expect(ended.stderr.includes('nobody catches this')).toBe(code === 1);
  }
});

test('a warning is written before anything else happens, with all lines before it', async () => {
  const { stderr } = await runScript(SCRIPT, [String(FEW), 'warn, then die'], {});
  expect(numbersOf(stderr)).toEqual(numbers(FEW));
  expect(linesOf(stderr).at(-1)?.msg).toBe('a warning');
});

test('of an error there is its kind, its message, its code and its stack, within bounds', async () => {
  const { stderr } = await runScript(SCRIPT, ['0', 'tell of errors'], {});
  const [refused, long, plain, text, several, ...odd] = linesOf(stderr).map(({ err }) => err);
  const message = 'SQLSTATE P0001: the database has a trigger that refuses the row';
  expect(refused).toMatchObject({ code: 'P0001', message });
  expect(long).toMatchObject({ type: 'Error', code: '22P02', message: expect.stringMatching(/^m{500}$/) });
  expect(stderr.length).toBeLessThan(8_000);
  expect(stderr).not.toContain('a secret');
  expect(plain).toEqual({ message: 'no error', type: 'Object', stack: '' });
  expect(text).toBe('a text');
  expect(several).toMatchObject({ type: 'AggregateError', message: 'one; two' });
  expect(odd).toEqual(['[object Null]', '[object Object]', '[object Object]', undefined]);
});

let waiting: ReturnType<typeof spawnScript> | undefined;
afterEach(() => void waiting?.kill('SIGKILL'));
function startWaiting() {
  waiting = spawnScript(SCRIPT, ['1', 'wait'], {});
  waiting.stdout.resume();
  return waiting;
}

test.each([
  'SIGTERM',
  'SIGHUP', // a terminal that is closed
] as const)('a line is there while its process does nothing else, and those of the stop after %s', async (signal) => {
  const child = startWaiting();
  const closed = once(child, 'close');
  const lines = createInterface({ input: child.stderr });
  const [first] = await once(lines, 'line');
  expect(linesOf(first)).toMatchObject([{ i: 0 }]);
  const rest: string[] = [];
  lines.on('line', (line) => rest.push(line));
  child.kill(signal);
  expect(await closed).toEqual([0, null]);
  expect(linesOf(rest.join('\n'))).toMatchObject([{ msg: 'stopping', reason: signal }, { msg: 'stopped' }]);
});

test('whoever read it may be gone: the process goes on, and stops in order', async () => {
  const child = startWaiting();
  await once(child.stderr, 'data');
  child.stderr.destroy();
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

/** Runs it with a standard error that takes nothing, as on a full disk. */
function runOnFullDisk(...args: string[]) {
  const full = openSync('/dev/full', 'w');
  const script = fileURLToPath(new URL(`../../${SCRIPT}`, import.meta.url));
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', full] });
  closeSync(full);
  return child;
}

test('a full disk ends no process that logs, and keeps none from stopping in order', async () => {
  const child = runOnFullDisk(String(LINES), 'wait');
  const ended = once(child, 'exit');
  await Promise.race([once(child.stdout as Readable, 'data'), ended]);
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});

test('once there is room, lines that waited are written, and how many did not fit is told', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'log-'));
  try {
    const file = join(folder, 'stderr');
    const lines = 20 * LINES; // over a MiB
    expect(await once(runOnFullDisk(String(lines), 'get room', file), 'exit')).toEqual([0, null]);
    const written = readFileSync(file, 'utf8');
    const kept = numbersOf(written);
    expect(kept.length).toBeGreaterThan(1_000);
    expect(kept).toEqual([...new Set(kept)].sort((a, b) => a - b)); // in order, and none twice
    const told = linesOf(written).find(({ lines: lost }) => lost !== undefined);
    expect(kept.length + (told?.lines ?? 0)).toBe(lines + 1); // with the line that told of room
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
