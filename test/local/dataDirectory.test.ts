import { spawnSync } from 'node:child_process';
import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { openDataDirectory } from '../../local/dataDirectory.ts';
import { readSystemFile, removeSystemFile, writeSystemFile } from '../../local/systemFile.ts';
import { folderPerTest } from './temporaryFolder.ts';

const folder = folderPerTest();
const MAIN = new URL('../../dist/system.js', import.meta.url);
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe('DATA_DIR', () => {
  test('keeps the secrets that it made, closed to other users, also after somebody opened them', async () => {
    const path = join(folder.path, 'new', 'data');
    const first = await openDataDirectory(path, 'the first one');
    await first.release();
    const file = join(path, 'secrets.json');
    expect(modeOf(file)).toBe('600');
    chmodSync(file, 0o644);
    const second = await openDataDirectory(path, 'the second one');
    await second.release();
    expect(second.secrets).toEqual(first.secrets);
    expect(modeOf(file)).toBe('600');
  });

  test('two folders have nothing in common', async () => {
    const [one, two] = await Promise.all(
      ['one', 'two'].map((name) => openDataDirectory(join(folder.path, name), name)),
    );
    await Promise.all([one?.release(), two?.release()]);
    const values = [...Object.values(one?.secrets ?? {}), ...Object.values(two?.secrets ?? {})];
    expect(new Set(values).size).toBe(8);
  });

  test.each([
    ['{', 'is not JSON'],
    ['{}', 'does not hold what it should'],
  ])('is left alone, and not locked, when its secrets are %s', async (content, message) => {
    writeFileSync(join(folder.path, 'secrets.json'), content);
    for (const _ of [1, 2]) await expect(openDataDirectory(folder.path, 'somebody')).rejects.toThrow(message);
  });

  test.each(['/proc/x/y', '/proc'])('%s, where nobody can make a folder, ends the start with the reason', (path) => {
    const started = spawnSync(process.execPath, [fileURLToPath(MAIN)], {
      ...{ env: { DATA_DIR: path }, encoding: 'utf8', timeout: 40_000, killSignal: 'SIGKILL' },
    });
    expect(started).toMatchObject({ status: 1, signal: null });
    expect(started.stderr.trim()).toMatch(/^DATA_DIR \S+ cannot be used: [A-Z]+: .*mkdir '\S+'$/);
    expect(started.stderr).toContain(`DATA_DIR ${path} `);
  });

  test('that is a file is a clear error', async () => {
    const path = join(folder.path, 'file');
    writeFileSync(path, '');
    await expect(openDataDirectory(path, 'somebody')).rejects.toThrow(`DATA_DIR ${path} cannot be used: EEXIST`);
  });
});

describe('the file of a running system', () => {
  const system = {
    databaseUrl: 'postgres://127.0.0.1:1/postgres',
    gatewayUrl: 'http://127.0.0.1:2',
    authSecret: 'a',
    internalSecret: 'b',
    token: 'c',
    ownerId: 'd',
  };

  test('is read as it was written, by its user only, and is gone once it is removed', () => {
    expect(readSystemFile(folder.path)).toBeUndefined();
    writeSystemFile(folder.path, system);
    expect(modeOf(join(folder.path, 'system.json'))).toBe('600');
    expect(readSystemFile(folder.path)).toEqual(system);
    expect(removeSystemFile(folder.path)).toBe(true);
    expect(removeSystemFile(folder.path)).toBe(false);
    expect(readSystemFile(folder.path)).toBeUndefined();
  });

  test('is not taken for one when it holds something else', () => {
    writeFileSync(join(folder.path, 'system.json'), '{"databaseUrl":1}');
    expect(() => readSystemFile(folder.path)).toThrow('databaseUrl');
  });
});
