/**
 * `npm run bench:console`: how soon the console shows the first verdict, in Chromium, over the system that `npm start` runs.
 * It makes a chat there. Each run is a browser of its own, without a cache.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { BenchAnswer } from './support/answers.ts';
import { printTable, shown } from './support/table.ts';

const RUNS = Number(process.argv[2] ?? 10);
const GOAL_MS = 300;
const root = join(import.meta.dirname, '..');

const run = (script: string, ...args: string[]) =>
  execFileSync(process.execPath, [join(root, 'dist/cli', script), ...args], { encoding: 'utf8' }).trim();

/** Notes when the first verdict is in the page, and when the page was loaded. */
const NOTE = `new MutationObserver(() => {
  if (window.verdictMs === undefined && document.querySelector('.summary')) window.verdictMs = performance.now();
}).observe(document, { childList: true, subtree: true });`;

const chatId = run('chat.js', 'create', '/stall');
const took: { readonly afterStart: number; readonly afterLoad: number }[] = [];
for (let i = 0; i < RUNS; i += 1) {
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  });
  const page = await browser.newPage();
  await page.addInitScript(NOTE);
  await page.goto(run('token.js', '--link'));
  await page.locator('.link[data-link=live]').waitFor();
  const address = new URL(`chats/${chatId}`, page.url()).href;
  await page.goto(address);
  await page.locator('.summary').waitFor();
  const [verdictMs = 0, loadMs = 0] = (await page.evaluate(
    `[window.verdictMs, performance.getEntriesByType('navigation')[0].loadEventEnd]`,
  )) as number[];
  took.push({ afterStart: verdictMs, afterLoad: verdictMs - loadMs });
  await browser.close();
}

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const [afterStart, afterLoad] = [median(took.map((one) => one.afterStart)), median(took.map((one) => one.afterLoad))];
printTable(
  `How soon is the first verdict of a chat shown? ${RUNS} runs`,
  ['', 'median', 'slowest'],
  [
    [
      'after the page was loaded',
      `${shown(afterLoad)} ms`,
      `${shown(Math.max(...took.map((one) => one.afterLoad)))} ms`,
    ],
    [
      'after the address was opened',
      `${shown(afterStart)} ms`,
      `${shown(Math.max(...took.map((one) => one.afterStart)))} ms`,
    ],
  ],
);
const answer: BenchAnswer = {
  question: 'How soon does the console show the first verdict?',
  goal: `≤ ${GOAL_MS} ms after load`,
  figure: `${shown(afterLoad)} ms`,
  isMet: afterLoad <= GOAL_MS,
};
console.log(`${answer.question} ${answer.goal}: ${answer.figure}, ${answer.isMet ? 'met' : 'not met'}`);
