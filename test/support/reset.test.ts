/** A connection that is reset while it ends must not keep its process from ending. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const RESETS_WHILE_ENDING = `
  import { connect, createServer } from 'node:net';
  import { reset } from '${new URL('reset.ts', import.meta.url).href}';
  const server = createServer({ allowHalfOpen: true }, (socket) => socket.on('error', () => {}).pause());
  server.listen(0, '127.0.0.1', () => {
    const socket = connect({ port: server.address().port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', () => {}).on('connect', () => {
      socket.end();
      reset(socket);
      server.close();
      server.getConnections((_, count) => console.log('reset', count));
    });
    server.on('connection', (accepted) => setTimeout(() => accepted.destroy(), 50));
  });`;

test('a process that resets a connection in its end comes to its own', async () => {
  const args = ['--import', 'tsx', '--input-type=module', '-e', RESETS_WHILE_ENDING];
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd, timeout: 30_000, env: {} });
  expect(stdout).toMatch(/^reset \d/);
});
