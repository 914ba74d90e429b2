/** The console stays small: what is loaded first, and all of it. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

test('at most 60 kB for the first page, and 160 kB for all, over the wire', () => {
  const script = join(import.meta.dirname, '../../scripts/consoleSize.mjs');
  expect(execFileSync(process.execPath, [script], { encoding: 'utf8' })).toMatch(
    /^first page {2}\d+ of 60000 bytes\nall pages {3}\d+ of 160000 bytes\n$/,
  );
});
