/** Chromium for tests: it reaches nothing but this machine, and everything that goes wrong in a page is noted. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** Markup that says so if it ever becomes more than text. */
export const CANARY = `<img src=x onerror="window.canary=1">`;
/** List of the operations that the console asks. */
export const OPERATIONS = fileURLToPath(new URL('../../console/operations.json', import.meta.url));

const CHROMIUM = '/usr/bin/chromium';
/** Name that leads to this machine. A page under it counts as one over plain HTTP from elsewhere. */
export const OTHER_NAME = 'console.test';
/** No name resolves but this machine's: whatever the page wanted from elsewhere would fail. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-proxy-server',
  `--host-resolver-rules=MAP ${OTHER_NAME} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1`,
];

export const launch = (): Promise<Browser> => chromium.launch({ executablePath: CHROMIUM, args: FLAGS });

/** What happened in the pages of a context. */
export interface Noted {
  readonly context: BrowserContext;
  /** Warnings and errors, violations of the policy among them. */
  readonly troubles: string[];
  readonly requested: URL[];
  open(url: string): Promise<Page>;
}

export async function notedContext(browser: Browser, options: BrowserContextOptions = {}): Promise<Noted> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const troubles: string[] = [];
  const requested: URL[] = [];
  context.on('page', (page) => {
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) troubles.push(`${message.text()} ${message.location().url}`);
    });
    page.on('pageerror', (error) => troubles.push(String(error.stack)));
    page.on('request', (request) => requested.push(new URL(request.url())));
  });
  return {
    ...{ context, troubles, requested },
    open: async (url) => {
      const page = await context.newPage();
      await page.goto(url);
      return page;
    },
  };
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe-core has against a page as it is now: rules, each with the elements. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const found = (await page.evaluate(`axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
    violations.map(({ id, nodes }) => id + ': ' + nodes.slice(0, 3).map(({ html, failureSummary }) => html.slice(0, 200) + ' ' + failureSummary).join(' | ')))`)) as string[];
  return found;
}
