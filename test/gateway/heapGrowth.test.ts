/** The heap of a gateway, collected long before V8 would do so where there is memory enough. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

test('a heap is collected soon, however much memory the machine has', () => {
  const filler = fileURLToPath(new URL('heapFiller.ts', import.meta.url));
  const { stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', filler], { encoding: 'utf8' });
  expect(stderr).toBe('');
  const { mostOldMb } = JSON.parse(stdout) as { mostOldMb: number };
  expect(mostOldMb).toBeGreaterThan(30); // what stays
  expect(mostOldMb).toBeLessThan(140); // 100 here, and 205 without the limit
});
