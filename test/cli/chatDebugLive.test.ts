/** `npm run chat-debug -- … --watch` over a live view of the gateway. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { insertChat } from '../subgraphs/database/support/rows.ts';
import { spawnScript } from '../support/command.ts';
import { startTcpProxy } from '../support/tcpProxy.ts';
import { until } from '../support/until.ts';
import { debugSystemPerFile } from './support/debugSystem.ts';

jest.setTimeout(120_000);

const { database, system, environment } = debugSystemPerFile();
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function watch(args: readonly string[], settings: Readonly<Record<string, string>> = {}) {
  const options = ['--watch', '--interval', '0.3'];
  const child = spawnScript('dist/cli/chatDebug.js', [...args, ...options], { ...environment(), ...settings });
  children.push(child);
  const written = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => {
    written.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    written.err += text;
  });
  return { child, written };
}

const streams = async () => {
  const text = await (await fetch(`${system.url}/metrics`)).text();
  return Number(/^chat_debug_streams\{[^}]*\} (\d+)$/m.exec(text)?.[1] ?? 0);
};
const invalidate = (id: string) => database.pool.query(`UPDATE chats SET status = 'paused' WHERE id = $1`, [id]);

describe('over one stream', () => {
  test.each([
    ['why', (id: string) => ['why', id], 'IDLE'],
    ['why --everywhere', (id: string) => ['why', id, '--everywhere'], 'IDLE'],
    ['snapshot', (id: string) => ['snapshot', id], 'Written down'],
    ['stuck', () => ['stuck'], 'No chat'],
  ])('%s shows what has changed, and Ctrl-C ends it with 0 and the stream with it', async (_, args, first) => {
    const id = await insertChat(database.pool);
    const { child, written } = watch(args(id));
    await until(
      () => `the first picture is shown, but ${JSON.stringify(written)}`,
      () => written.out.includes(first),
    );
    expect(await streams()).toBe(1);
    await invalidate(id);
    await until('the change is shown', () => /INVALID/.test(written.out));
    expect(await streams()).toBe(1);
    child.kill('SIGINT');
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(written.err).toBe('');
    await until('the stream is closed', async () => (await streams()) === 0);
  });

  test('replicas shows one that has come', async () => {
    const { child, written } = watch(['replicas']);
    await until('the first picture is shown', () => written.out.length > 0);
    await database.pool.query(
      `INSERT INTO replicas (id, hostname, relay_address, version) VALUES (gen_random_uuid(), 'a-new-host', 'http://127.0.0.1:9', '0.2.0')`,
    );
    await until('the new replica is shown', () => written.out.includes('a-new-host'));
    child.kill('SIGINT');
    expect([await once(child, 'close'), written.err]).toEqual([[0, null], '']);
  });

  test('a connection that breaks is said, and made again', async () => {
    const proxy = await startTcpProxy({ target: () => system.url });
    try {
      const id = await insertChat(database.pool);
      const { child, written } = watch(['why', id], { CHAT_DEBUG_URL: `http://127.0.0.1:${proxy.port}` });
      await until('the first picture is shown', () => written.out.includes('IDLE'));
      proxy.cut();
      await until('the outage is shown', () => written.out.includes('does not answer'));
      await invalidate(id);
      await until('the change is shown', () => written.out.includes('INVALID_STATE'));
      child.kill('SIGINT');
      expect([await once(child, 'close'), written.err]).toEqual([[0, null], '']);
    } finally {
      await proxy.close();
    }
  });

  test('a caller whom the gateway refuses is told why, and nothing of views', async () => {
    const { child, written } = watch(['why', await insertChat(database.pool)], { CHAT_DEBUG_TOKEN: 'no.such.token' });
    expect(await once(child, 'close')).toEqual([2, null]);
    expect(written).toEqual({ out: '', err: expect.stringMatching(/^[^\n]*token[^\n]*\n$/i) });
    expect(written.err).not.toContain('live view');
  });
});
