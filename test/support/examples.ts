/** Examples of the documentation that are the real output of a test: kept in docs/examples, and compared at each run. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect } from '@jest/globals';
import { steady } from '../../cli/debug/watch.ts';
import { exampleFile } from '../../scripts/runbook.ts';

/** True if examples are written, and not only compared. */
export const WRITING = process.env.UPDATE_EXAMPLES === '1';

/** Text without the values of ids, ports, tries and ages. Equal ids stay equal. */
function normalised(text: string): string {
  const ids: string[] = [];
  const named = text.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) => {
    if (!ids.includes(id)) ids.push(id);
    return `ID${ids.indexOf(id) + 1}`;
  });
  return steady(named)
    .replace(/(127\.0\.0\.1):\d+/g, '$1:PORT')
    .replace(/(attempt(?:":| =)?) ?\d+/gi, '$1 N');
}

/**
 * Holds a text against the file that keeps an example of it. With UPDATE_EXAMPLES=1 a file that is missing or differs is
 * written instead.
 * @param normalise drops what differs from run to run
 */
export function expectKept(file: URL, text: string, normalise: (text: string) => string): void {
  const kept = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (WRITING && normalise(kept) !== normalise(text)) {
    mkdirSync(new URL('.', file), { recursive: true });
    writeFileSync(file, text);
    return;
  }
  expect(normalise(text)).toBe(normalise(kept));
}

/**
 * Holds the output of `npm run chat-debug -- why` on a chat with this finding against the example that the runbook shows.
 * `npm run docs` puts one that is written into the runbook.
 */
export function expectExample(code: string, chatId: string, output: string): void {
  expect(output).toMatch(new RegExp(`^(CRITICAL|WARNING|INFO) +${code}$`, 'm'));
  expectKept(exampleFile(code), `$ npm run chat-debug -- why ${chatId}\n${output}`, normalised);
}
