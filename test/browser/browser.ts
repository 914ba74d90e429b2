/** Chromium for tests: it reaches nothing but this machine, and everything that goes wrong in a page is noted. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
  type Route,
} from 'playwright-core';

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
  '--process-per-site', // twenty tabs of one address are one process
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-proxy-server',
  `--host-resolver-rules=MAP ${OTHER_NAME} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1`,
];

export const launch = (): Promise<Browser> => chromium.launch({ executablePath: CHROMIUM, args: FLAGS });

const WINDOW = { width: 1280, height: 800 };

/** What happened in the pages of a context. */
export interface Noted {
  readonly context: BrowserContext;
  /** Warnings and errors, violations of the policy among them. */
  readonly troubles: string[];
  readonly requested: URL[];
  open(url: string): Promise<Page>;
}

/** @param token with which its pages are signed in, as if by another tab; without one they are not */
export async function notedContext(
  browser: Browser,
  { token, ...options }: BrowserContextOptions & { readonly token?: string } = {},
): Promise<Noted> {
  const context = await browser.newContext({ viewport: WINDOW, ...options });
  if (token)
    await context.addInitScript(
      `if (origin !== 'null') sessionStorage.setItem('chat-debug-gateway:token', ${JSON.stringify(token)})`,
    ); // the empty page that a tab begins with has no storage
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

/** True for the request of a live view. */
export const isStream = (route: Route): boolean => route.request().headers().accept?.includes('event-stream') === true;

/** Puts a shared page back as a test found it, after a failure, too: online, without routes of its own, wide, and the only one. */
export async function tidied(browser: Browser, page: Page): Promise<void> {
  const context = page.context();
  const others = [
    ...browser.contexts().filter((one) => one !== context),
    ...context.pages().filter((one) => one !== page),
  ];
  await Promise.all(others.map((one) => one.close()));
  await context.setOffline(false);
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await page.setViewportSize(WINDOW);
}

/** Rule that light and dark can answer in two ways. */
const OF_COLOURS = ['color-contrast'];

/** What axe-core has against a page in light, and what in dark colours. */
export async function violationsInBoth(page: Page): Promise<string[]> {
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  const light = await violations(page);
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  const dark = await violations(page, OF_COLOURS);
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
  return [...light, ...dark];
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * What axe-core has against a page as it is now: rules, each with the elements.
 * @param rules the only ones that are asked; without them all are
 */
export async function violations(page: Page, rules?: readonly string[]): Promise<string[]> {
  if (!(await page.evaluate(`typeof axe === 'object'`))) await page.evaluate(axe);
  const options = JSON.stringify({ resultTypes: ['violations'], ...(rules && { runOnly: rules }) });
  const found = (await page.evaluate(`axe.run(document, ${options}).then(({ violations }) =>
    violations.map(({ id, nodes }) => id + ': ' + nodes.slice(0, 3).map(({ html, failureSummary }) => html.slice(0, 200) + ' ' + failureSummary).join(' | ')))`)) as string[];
  return found;
}
