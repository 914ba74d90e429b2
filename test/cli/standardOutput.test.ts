/** The terminal whose output takes no more: its code tells of that, and never of trouble that nobody has found. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, jest, test } from '@jest/globals';
import { environmentWith } from '../../server/settings/config.ts';
import { sendJson, serversPerTest } from '../gateway/httpServers.ts';

jest.setTimeout(60_000);

const { serve } = serversPerTest();
const CHAT = '16a224d7-672f-4bc5-8d12-67b46b980623';
const CHAT_DEBUG = 'dist/cli/chatDebug.js';

/** Gateway whose chat is idle, and has so many incidents, each time with other ids. */
function idleGateway(incidents = 0) {
  let asked = 0;
  return serve((response) => {
    asked += 1;
    const diagnosis = { verdict: 'IDLE', summary: `Look ${asked}.`, consistency: 'EXACT', findings: [] };
    const chatDebugSnapshot = { chatId: CHAT, executionState: 'W', runtime: null, diagnosis };
    const list = Array.from({ length: incidents }, (_, i) => incident(i, `${asked}`));
    const pageInfo = { hasNextPage: false, endCursor: null };
    const edges = list.map((node) => ({ node, cursor: node.id }));
    sendJson(response, 200, { data: { chatDebugSnapshot, incidents: { edges, pageInfo } } });
  });
}

const incident = (i: number, summary: string) => ({
  ...{ id: `i${i}`, chatId: CHAT, openedAt: '2026-01-01T00:00:00.000Z', closedAt: null, closeReason: null },
  ...{ secondsOpen: 1, code: 'NO_OWNER', severity: 'CRITICAL', verdict: 'STUCK', codes: ['NO_OWNER'], workerIds: [] },
  ...{ summary: `${summary} ${'x'.repeat(500)}`, readings: 1, bundles: [] },
});

function run(script: string, args: readonly string[], url: string, stdout: 'pipe' | number) {
  const env = environmentWith({
    CHAT_DEBUG_URL: url,
    CHAT_DEBUG_TOKEN: 'any',
    DATA_DIR: '/nonexistent',
    AUTH_SECRET: 'x'.repeat(40),
  });
  const file = fileURLToPath(new URL(`../../${script}`, import.meta.url));
  const child = spawn(process.execPath, [file, ...args], { env, stdio: ['ignore', stdout, 'pipe'] });
  const ended = Promise.all([once(child, 'close'), child.stderr ? text(child.stderr) : '']);
  return { child, ended: ended.then(([[code], stderr]) => ({ code: code as number | null, stderr })) };
}

async function onFullDisk(script: string, args: readonly string[], url = 'http://127.0.0.1:1') {
  const full = openSync('/dev/full', 'w');
  try {
    return await run(script, args, url, full).ended;
  } finally {
    closeSync(full);
  }
}

const FULL = { code: 2, stderr: 'The answer cannot be written to standard output: the disk is full.\n' };

test.each([
  ['an answer', ['why', CHAT]],
  ['a bundle', ['bundle', CHAT]],
  ['its help', ['--help']],
  ['what it follows', ['why', CHAT, '--watch']],
])('on a full disk it says so, and ends with 2: %s', async (_, args) => {
  const { url } = await idleGateway();
  expect(await onFullDisk(CHAT_DEBUG, args, url)).toMatchObject({
    ...FULL,
    stderr: expect.stringContaining(FULL.stderr),
  });
});

test('other commands do, too', async () => {
  expect(await onFullDisk('dist/cli/token.js', ['--sub', CHAT])).toEqual(FULL);
});

/** Reads the first bytes, and goes. */
async function readALittle(args: readonly string[], url: string) {
  const { child, ended } = run(CHAT_DEBUG, args, url, 'pipe');
  await once(child.stdout as NonNullable<typeof child.stdout>, 'data');
  child.stdout?.destroy();
  return ended;
}

test('a reader that has seen enough changes nothing of what was found', async () => {
  const { url } = await idleGateway(1_000);
  expect(await readALittle(['incidents', '--json', '--first', '1000'], url)).toEqual({ code: 1, stderr: '' });
});

test('a watch ends with its reader', async () => {
  const { url } = await idleGateway();
  const { code, stderr } = await readALittle(['why', CHAT, '--watch', '--interval', '0.1'], url);
  expect(code).toBe(0);
  expect(stderr).not.toContain('EPIPE');
});
