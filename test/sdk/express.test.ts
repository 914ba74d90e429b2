/** The kit in an app on Express. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { INTERNAL_SECRET } from '../gateway/gateways.ts';
import { runScript } from '../support/command.ts';

const app: { child?: ChildProcess; url: string } = { url: '' };
beforeAll(async () => {
  const file = fileURLToPath(new URL('expressApp.mjs', import.meta.url));
  const child = spawn(process.execPath, [file, INTERNAL_SECRET], { stdio: ['ignore', 'pipe', 'inherit'] });
  app.child = child;
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  app.url = line;
});
afterAll(() => void app.child?.kill());

const kit = (path: string) =>
  runScript('dist/cli/conformance.js', [app.url + path], { INTERNAL_SECRET, REPLICA_TIMEOUT_MS: '20000' });

test('before all that reads bodies it keeps every promise', async () => {
  const { code, stdout } = await kit('');
  expect([code, stdout]).toEqual([0, expect.stringContaining('The worker speaks chat-debug-runtime/1.')]);
});

test('behind a reader of bodies it answers the same; only a body that is no JSON is refused by Express itself', async () => {
  const { stdout } = await kit('/behind');
  expect(stdout.split('\n').filter((line) => /^NOT OK|^ {10}/.test(line))).toEqual([
    'NOT OK  It refuses a question that is none',
    '          A body that is no JSON is refused, but the refusal must be application/problem+json; it was text/html.',
  ]);
});

test('other paths are answered by the app', async () => {
  expect(await (await fetch(`${app.url}/hello`)).json()).toEqual({ hello: 'world' });
  expect((await fetch(`${app.url}/chat-debug/v1/other`)).status).toBe(404);
});
