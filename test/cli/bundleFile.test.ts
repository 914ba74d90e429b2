import { spawnSync } from 'node:child_process';
import { chmodSync, lstatSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { NoAnswer } from '../../cli/debug/ask.ts';
import { bundleIn, writeBundle } from '../../cli/debug/bundleFile.ts';
import { MOST_BYTES } from '../../domain/bundle/read.ts';
import { bundleOf, healthy } from '../domain/bundle/support/bundles.ts';

const folder = mkdtempSync(join(tmpdir(), 'bundle-files-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const fileFor = () => join(folder, `${++files}.json`);
const written = (text: string) => {
  const file = fileFor();
  writeFileSync(file, text);
  return file;
};

describe('a file', () => {
  test('is read as it was written', () => {
    const file = fileFor();
    writeBundle(file, bundleOf(healthy()));
    expect(bundleIn(file)).toEqual(bundleOf(healthy()));
  });

  test('is closed to others, also where another one was open to them', () => {
    const file = written('another one');
    chmodSync(file, 0o644);
    const link = fileFor();
    symlinkSync(file, link);
    writeBundle(link, bundleOf(healthy()));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(bundleIn(file)).toEqual(bundleOf(healthy()));
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
  });

  test('that cannot be written whole leaves the one that was there, and nothing beside it', () => {
    const file = fileFor();
    writeBundle(file, bundleOf(healthy()));
    const before = readdirSync(folder);
    const script = `
      import { writeBundle } from './cli/debug/bundleFile.ts';
      writeBundle(process.argv[1], { filler: 'x'.repeat(100_000) });`;
    const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', script, '--', file];
    const { status, stderr } = spawnSync('sh', ['-c', 'ulimit -f 8; exec "$@"', 'sh', ...node], { encoding: 'utf8' });
    expect(stderr).toContain('does not fit');
    expect(status).toBe(1);
    expect(bundleIn(file)).toEqual(bundleOf(healthy()));
    expect(readdirSync(folder)).toEqual(before);
  });

  test.each([
    ['that does not exist', fileFor, 'does not exist, or its folder does not.'],
    ['below a file', () => join(written('a'), 'b'), 'does not exist: part of its path is no folder.'],
    ['that is a folder', () => folder, 'is a folder.'],
    ['that is not JSON', () => written('no'), 'is not JSON.'],
    ['that is cut off', () => written('{ "format": "chat-debug-bun'), 'is cut off'],
    ['of another format', () => written('{}'), 'is JSON, but no bundle'],
    ['of a later version', () => written('{ "format": "chat-debug-bundle/2" }'), 'is a bundle of version 2'],
    ['that is too large', () => written(' '.repeat(MOST_BYTES + 1)), 'is too large for a bundle'],
    ['without an end', () => '/dev/zero', 'is too large for a bundle'],
  ])('%s is refused with the reason', (_, make, reason) => {
    const file = make();
    const read = () => bundleIn(file);
    expect(read).toThrow(NoAnswer);
    expect(read).toThrow(`The file ${file} ${reason}`);
  });
});
