/** `npm run chat-debug -- … --watch`, into a pipe and in a terminal. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { environmentWith } from '../../server/settings/config.ts';
import { serversPerTest } from '../gateway/httpServers.ts';
import { insertChat } from '../subgraphs/database/support/rows.ts';
import { spawnScript } from '../support/command.ts';
import { until } from '../support/until.ts';
import { debugSystemPerFile } from './support/debugSystem.ts';

jest.setTimeout(120_000);

const { database, system, environment } = debugSystemPerFile();
const servers = serversPerTest();
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** Door in front of the gateway: counts requests, can be away, and lets no stream through. */
async function door() {
  const state = { away: false };
  const server = await servers.serve(async (response, { headers, body }) => {
    if (state.away) return void response.destroy();
    const { authorization = '' } = headers;
    const answer = await fetch(`${system.url}/graphql`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
  });
  /** Waits for `count` more requests. */
  const more = async (count: number) => {
    const before = server.received.length;
    await until('the terminal asked again', () => server.received.length >= before + count);
  };
  return { url: server.url, state, more };
}

/** Everything that it writes. */
function written(child: ChildProcess): { text: string } {
  const output = { text: '' };
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    output.text += text;
  });
  children.push(child);
  return output;
}

const frames = (text: string) => text.match(/^[A-Z]+ {2}chat /gm) ?? [];

describe('into a pipe', () => {
  test('a frame follows when more than time has changed; an outage is said once; Ctrl-C ends it with 0', async () => {
    const { url, state, more } = await door();
    const id = await insertChat(database.pool);
    const settings = { ...environment(), CHAT_DEBUG_URL: url };
    const child = spawnScript('dist/cli/chatDebug.js', ['why', id, '--watch', '--interval', '0.1'], settings);
    const output = written(child);
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      errors += text;
    });
    await until('the first picture is shown', () => frames(output.text).length === 1);
    await more(5);
    expect(errors).toMatch(/^There is no live view: .*text\/event-stream.* So this asks every 0\.1 s\.\n$/);
    expect(frames(output.text)).toHaveLength(1);

    await database.pool.query(`UPDATE chats SET status = 'paused' WHERE id = $1`, [id]);
    await until('INVALID_STATE is shown', () => output.text.includes('INVALID_STATE'));
    await more(5);
    expect(frames(output.text)).toEqual(['IDLE  chat ', 'STUCK  chat ']);

    state.away = true;
    await until('it is shown that nobody answers', () => output.text.includes('does not answer'));
    await more(5);
    state.away = false;
    await until('the third picture is shown', () => frames(output.text).length === 3);
    expect(output.text.match(/does not answer \(\w+\)\. Is\s+the\s+system\s+running\? Asking again\./g)).toHaveLength(
      1,
    );
    child.kill('SIGINT');
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(output.text).not.toContain('\u001b');
  });

  test('as JSON, a line each', async () => {
    const { url, more } = await door();
    const id = await insertChat(database.pool);
    const settings = { ...environment(), CHAT_DEBUG_URL: url };
    const child = spawnScript('dist/cli/chatDebug.js', ['why', id, '--json', '--watch', '--interval', '0.1'], settings);
    const output = written(child);
    await more(5);
    await database.pool.query(`UPDATE chats SET status = 'paused' WHERE id = $1`, [id]);
    await until('INVALID_STATE is shown', () => output.text.includes('INVALID_STATE'));
    const verdicts = output.text
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as Watched).chatDebugSnapshot.diagnosis.verdict);
    expect(verdicts).toEqual(['IDLE', 'STUCK']);
  });

  test('ends with 2 where asking again would not help', async () => {
    const settings = { ...environment(), CHAT_DEBUG_TOKEN: 'nonsense' };
    const child = spawnScript('dist/cli/chatDebug.js', ['stuck', '--watch'], settings);
    written(child);
    expect(await once(child, 'close')).toEqual([2, null]);
  });
});

interface Watched {
  chatDebugSnapshot: { diagnosis: { verdict: string } };
}

describe('in a terminal', () => {
  /** util-linux' `script` gives it one; there, output and errors are the same. */
  function inTerminal(args: string[], more: Record<string, string> = {}) {
    const { PATH = '' } = environmentWith({});
    const command = [process.execPath, 'dist/cli/chatDebug.js', ...args].join(' ');
    const child = spawn('script', ['-qec', `stty cols 100 rows 30; exec ${command}`, '/dev/null'], {
      env: { PATH, TERM: 'xterm-256color', SHELL: '/bin/sh', ...environment(), ...more },
      cwd: new URL('../..', import.meta.url),
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    return { child, output: written(child) };
  }

  test('one frame is redrawn in place, in colours of the terminal’s own, and Ctrl-C ends it in order', async () => {
    const id = await insertChat(database.pool);
    const { child, output } = inTerminal(['why', id, '--watch', '--interval', '0.1']);
    await until('IDLE is shown', () => output.text.includes('IDLE'));
    await database.pool.query(`UPDATE chats SET status = 'paused' WHERE id = $1`, [id]);
    await until('INVALID_STATE is shown', () => output.text.includes('INVALID_STATE'));
    child.stdin.write('\u0003');
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(output.text).toContain('\u001b[?25l'); // the cursor is hidden,
    expect(output.text.lastIndexOf('\u001b[?25h')).toBeGreaterThan(output.text.lastIndexOf('\u001b[?25l')); // and comes back
    expect(output.text).toMatch(/\p{Cc}\[\d*A/u); // up, to draw over what was there
    const colours = new Set(output.text.match(/\p{Cc}\[[\d;]*m/gu));
    expect([...colours].sort()).toEqual(['\u001b[1m', '\u001b[22m', '\u001b[31m', '\u001b[32m', '\u001b[39m']);
  });

  test('NO_COLOR leaves out the colours', async () => {
    const id = await insertChat(database.pool, { status: 'paused' });
    const { child, output } = inTerminal(['why', id], { NO_COLOR: '1' });
    expect(await once(child, 'close')).toEqual([1, null]);
    expect(output.text).toContain('INVALID_STATE');
    expect(output.text).not.toMatch(/\p{Cc}\[[\d;]*m/u);
  });
});
