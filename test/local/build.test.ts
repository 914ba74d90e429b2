/** Check that `npm start` never runs anything older than its source. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const fileOf = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
/** @returns when the gateway was built last */
function build(): number {
  const { status, stderr } = spawnSync(process.execPath, [fileOf('scripts/build.mjs')], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return statSync(fileOf('dist/gateway.js')).mtimeMs;
}

test('what is built is built again when a source has changed, and not otherwise', () => {
  const builtMs = build();
  expect(build()).toBe(builtMs);
  const source = fileOf('gateway/main.ts');
  const { atime, mtime } = statSync(source);
  utimesSync(source, atime, new Date(mtime.getTime() - 1_000)); // an older version is another version
  try {
    expect(build()).toBeGreaterThan(builtMs);
  } finally {
    utimesSync(source, atime, mtime);
  }
});

test('an error in what is built is shown where its source has it', () => {
  const map: unknown = JSON.parse(readFileSync(fileOf('dist/gateway.js.map'), 'utf8'));
  expect(map).toMatchObject({ sources: expect.arrayContaining(['../gateway/main.ts']) });
});

test('every process that package.json starts is built', () => {
  const { scripts } = JSON.parse(readFileSync(fileOf('package.json'), 'utf8')) as { scripts: Record<string, string> };
  const built = Object.entries(scripts).flatMap(([name, command]) =>
    [...command.matchAll(/dist\/\w+\.js/g)].map(([file]) => ({ name, file, command })),
  );
  expect(built.length).toBeGreaterThan(5);
  for (const { name, file } of built) expect([name, existsSync(fileOf(file))]).toEqual([name, true]);
  expect([scripts.prestart, scripts.start]).toEqual(['node scripts/build.mjs', 'node dist/system.js']);
  for (const { name, file, command } of built) {
    if (name !== 'start') expect(command).toBe(`node scripts/build.mjs && exec node ${file}`);
  }
});
