import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const watcher = fileURLToPath(new URL('../../../dist/test/local/children/watcher.js', import.meta.url));
const command = `'${process.execPath}' '${watcher}'`;

test.each([
  ['its parent', `${command}; true`],
  ['its parent, past a shell in between', `sh -c "${command}; true"; true`],
])('a process notices that %s was killed', async (_who, script) => {
  const parent = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  for await (const line of createInterface({ input: parent.stdout })) {
    lines.push(line);
    if (line === 'watching') parent.kill('SIGKILL');
  }
  expect(lines).toEqual(['watching', 'gone']);
});
