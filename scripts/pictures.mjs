// `node scripts/pictures.mjs <folder>`: makes the pictures of docs/console.md from the system that `npm start` runs, with
// chats in trouble that it creates there. It needs Chromium at /usr/bin/chromium, and takes two minutes.
import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = process.argv[2] ?? join(root, 'docs/pictures');
const MOST_BYTES = 150_000;
const TEXTS = [
  '/stall Write the release notes',
  '/stall Summarise the incident of Monday',
  '/fail Compare the two contracts',
  '/loop Sort the inbox',
  '/tool ask_person Order new laptops',
  '/slow 300 Translate the handbook',
  'What is new in version 2.3?',
];
/** Milliseconds until a model that fell silent counts as stuck. */
const SILENT_MS = 75_000;

const run = (script, ...args) =>
  execFileSync(process.execPath, [join(root, 'dist/cli', script), ...args], { encoding: 'utf8' }).trim();

mkdirSync(folder, { recursive: true });
const ids = TEXTS.map((text) => run('chat.js', 'create', text));
console.log(`waiting for ${ids[0]} to be stuck`);
await sleep(SILENT_MS);
for (const [id, action, reason] of [
  [ids[1], 'interrupt', 'The model is silent, and nobody waits for it any more'],
  [ids[5], 'release', 'Its replica is to be looked at'],
]) {
  run('chatDebug.js', 'fix', id, '--action', action, '--reason', reason, '--yes');
}

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
const page = await browser.newPage({ viewport: { width: 1040, height: 600 }, reducedMotion: 'reduce' });
await page.goto(run('token.js', '--link'));
await page.locator('.row').first().waitFor();
const base = page.url();
const pictures = [
  { name: 'fleet', path: '', wait: '.row' },
  { name: 'chat', path: `chats/${ids[0]}`, wait: '.lanes' },
  { name: 'replicas', path: 'replicas', wait: 'h1' },
  { name: 'incidents', path: 'incidents', wait: 'h1' },
  { name: 'actions', path: 'actions', wait: 'h1' },
];
for (const { name, path, wait } of pictures) {
  await page.goto(new URL(path, base).href);
  await page.locator(wait).first().waitFor();
  await sleep(1_500);
  const file = join(folder, `${name}.png`);
  await page.screenshot({ path: file });
  const { size } = statSync(file);
  console.log(`${file}  ${size} bytes`);
  if (size > MOST_BYTES) process.exitCode = 1;
}
await browser.close();
