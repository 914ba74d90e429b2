/** The console in a real browser, over a real system that answers the console's operations alone. */
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { signInLink } from '../../local/signInLink.ts';
import { ChatStore } from '../../subgraphs/runtime/chatd/chatStore.ts';
import { until } from '../support/until.ts';
import { type System, systemsPerFile } from '../system/system.ts';
import {
  CANARY,
  isStream,
  launch,
  type Noted,
  notedContext,
  OPERATIONS,
  OTHER_NAME,
  tidied,
  violations,
  violationsInBoth,
} from './browser.ts';

jest.setTimeout(90_000);

const systems = systemsPerFile();
let system: System;
let browser: Browser;
let noted: Noted;
let page: Page;
/** Link by which the page has signed in. */
let usedLink: string;
/** Chats by what ails them. */
const chats = { silent: '', failed: '', well: '' };

beforeAll(async () => {
  const changes = { ALLOWED_OPERATIONS_PATH: OPERATIONS, NO_PROGRESS_SECONDS: '3' };
  [system, browser] = await Promise.all([systems.start(changes), launch()]);
  [chats.silent, chats.failed, chats.well] = await Promise.all([create('/stall'), create('/fail'), create('hello')]);
  const { pool } = system;
  const error = { kind: 'auth', message: CANARY, status_code: 401, retryable: false };
  await pool.query(
    `UPDATE chats SET status = 'error', worker_id = NULL, runner_id = NULL, last_error = $2 WHERE id = $1`,
    [chats.failed, error],
  );
  await pool.query('UPDATE chats SET title = $1', [CANARY]);
  await pool.query('UPDATE replicas SET hostname = $1', [CANARY]);
  noted = await notedContext(browser);
  usedLink = await system.run('dist/cli/token.js', '--link');
  page = await noted.open(usedLink);
  await live(page);
});
afterEach(() => tidied(browser, page));
afterAll(() => browser?.close());

const link = async () => String(await signInLink(system));
const store = () => new ChatStore(system.pool);
const create = async (text: string) => (await store().create({ ownerId: system.ownerId, text })).id;
const live = (shown: Page) => shown.locator('.link[data-link=live]').waitFor();
const heading = (shown: Page, name: string) => shown.getByRole('heading', { level: 1, name }).waitFor();
const at = (path: string) => `${system.gatewayUrl}/${path}`;
const inner = (shown: Page, expression: string) => shown.evaluate(expression) as Promise<unknown>;

async function streams(): Promise<number> {
  const text = await (await fetch(at('metrics'))).text();
  return [...text.matchAll(/^chat_debug_streams\{[^}]*\} (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
}

describe('signing in', () => {
  test('by the link: the address is cleaned, and the token stands in no address and in no lasting storage', async () => {
    expect(page.url()).toBe(at(''));
    expect(noted.requested.filter(({ href }) => href.includes(system.token) || href.includes('code='))).toEqual([]);
    expect(await inner(page, 'Object.values(localStorage).join()')).not.toContain(system.token);
    expect(await inner(page, `sessionStorage.getItem('chat-debug-gateway:token')`)).toBe(system.token);
    expect(await inner(page, 'history.length')).toBeLessThanOrEqual(2);
  });

  test('another tab is handed the token, and signing out signs out both', async () => {
    const { open } = await notedContext(browser);
    const first = await open(await link());
    await live(first);
    const second = await open(at(`chats/${chats.silent}`));
    await live(second);
    await second.getByRole('button', { name: 'Commands' }).click();
    await second.keyboard.type('sign out');
    await second.keyboard.press('Enter');
    await heading(second, 'Sign in');
    await heading(first, 'Sign in');
    expect(await inner(first, 'sessionStorage.length')).toBe(0);
  });

  test('a link that was used says so, and a pasted token signs in', async () => {
    const late = await (await notedContext(browser)).open(usedLink);
    await late.getByRole('alert').filter({ hasText: 'each is good once' }).waitFor();
    expect(late.url()).toBe(at(''));
    expect(await violations(late)).toEqual([]);
    await late.getByLabel('Token').fill(`Authorization: Bearer ${system.token}`);
    await late.keyboard.press('Enter');
    await live(late);
  });

  test('a link that is opened in a tab of the console signs in there', async () => {
    const { open } = await notedContext(browser);
    const waiting = await open(at(''));
    await heading(waiting, 'Sign in');
    await waiting.goto(await link());
    await live(waiting);
    expect(waiting.url()).toBe(at(''));
  });

  test('a browser that keeps nothing for pages signs in for as long as the page is open', async () => {
    const { context, open } = await notedContext(browser);
    await context.addInitScript(`for (const name of ['sessionStorage', 'localStorage'])
      Object.defineProperty(window, name, { get: () => { throw new DOMException('blocked', 'SecurityError'); } })`);
    await live(await open(await link()));
  });

  test('a late refusal takes no token that another tab has handed over since', async () => {
    const { context, open, requested } = await notedContext(browser);
    let answer = () => {};
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    await context.route('**/graphql', async (route) => {
      if (!route.request().headers().authorization) await answered;
      await route.continue();
    });
    const late = await open(at(''));
    await until('it asks without a token', async () => requested.some(({ pathname }) => pathname === '/graphql'));
    const handed = JSON.stringify({ kind: 'token', token: system.token });
    await inner(late, `new BroadcastChannel('chat-debug-gateway:session').postMessage(${handed})`);
    await live(late);
    answer();
    await late.waitForTimeout(500); // time in which the refusal comes
    expect(await inner(late, `sessionStorage.getItem('chat-debug-gateway:token')`)).toBe(system.token);
    expect(await late.locator('.link').getAttribute('data-link')).toBe('live');
  });

  test('a refused token says so, and without one there is a field', async () => {
    const { open } = await notedContext(browser);
    const fresh = await open(at(''));
    await heading(fresh, 'Sign in');
    await fresh.getByLabel('Token').fill('not.the.token');
    await fresh.keyboard.press('Enter');
    await fresh.getByRole('alert').filter({ hasText: 'The gateway refuses this token.' }).waitFor();
  });

  test('the cookie of the platform signs in as well', async () => {
    const { context, open } = await notedContext(browser);
    await context.addCookies([{ name: 'coder_session_token', value: system.token, url: system.gatewayUrl }]);
    await live(await open(at('')));
  });
});

describe('the fleet', () => {
  test('lists suspects under what is wrong with them, and its title says how many are stuck', async () => {
    await page.goto(at(''));
    await page.getByRole('region', { name: 'NO_PROGRESS' }).getByText('STUCK', { exact: true }).waitFor();
    await page.getByRole('region', { name: 'ERRORED' }).getByText('FAILED', { exact: true }).waitFor();
    await until('the title says it', async () => (await page.title()).startsWith('1 stuck'));
  });

  test('filters stand in the address, and are there again after a reload', async () => {
    await page.goto(at(''));
    await page.getByLabel('Finding').selectOption('ERRORED');
    await page.locator('.row').nth(1).waitFor({ state: 'detached' });
    expect(page.url()).toBe(at('?finding=ERRORED'));
    await page.reload();
    await page.locator('.row').waitFor();
    expect(await page.locator('.row').count()).toBe(1);
    await page.locator('body').press('x');
    await until('all are there', async () => (await page.locator('.row').count()) === 2);
  });

  test('a chat that comes is announced, moves nothing, and is taken in by a key', async () => {
    await page.goto(at(''));
    await page.locator('.row').nth(1).waitFor();
    const before = await page.locator('.row .title').evaluateAll((all) => all.map((one) => String(one)));
    const id = await create('/stall');
    await page.getByText('1 chat has come.').waitFor();
    expect(await page.locator('.row .title').evaluateAll((all) => all.map((one) => String(one)))).toEqual(before);
    await page.keyboard.press('.');
    await page.locator(`.row a[href$="${id}"]`).waitFor();
    await store().apply(id, { name: 'interrupt' });
    await page.locator('.row[data-gone=true]').waitFor();
    await page.keyboard.press('.');
    await until('it is gone', async () => (await page.locator(`.row a[href$="${id}"]`).count()) === 0);
  });

  test('is searched by a whole id, which opens the chat', async () => {
    await page.goto(at(''));
    await page.locator('.row').first().waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type(chats.well);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Both halves' }).waitFor();
    expect(page.url()).toBe(at(`chats/${chats.well}`));
  });
});

describe('a chat', () => {
  test('evidence leads to the very value, by the keyboard', async () => {
    await page.goto(at(`chats/${chats.silent}`));
    const evidence = page.getByRole('link', { name: 'runtime.runners[0].runnerId' });
    await evidence.focus();
    await page.keyboard.press('Enter');
    expect(await inner(page, 'document.activeElement.id')).toBe('runtime.runners[0].runnerId');
    await page.getByRole('link', { name: 'runtime.runners[0].activeTask.attempt' }).press('Enter');
    expect(await inner(page, 'document.activeElement.id')).toBe('runtime.runners[0].activeTask.attempt');
    expect(await inner(page, 'document.activeElement.checkVisibility()')).toBe(true);
  });

  test('every evidence leads somewhere', async () => {
    for (const id of [chats.silent, chats.failed]) {
      await page.goto(at(`chats/${id}`));
      await page.locator('.evidence a').first().waitFor();
      const lost = await inner(
        page,
        `[...document.querySelectorAll('.evidence a')].map((a) => a.hash.slice(1)).filter((path) => !document.getElementById(path))`,
      );
      expect(lost).toEqual([]);
    }
  });

  test('the runbook opens in its place, with the id in its commands', async () => {
    await page.goto(at(`chats/${chats.silent}`));
    await page.getByText('Runbook', { exact: true }).first().click();
    await page.locator('.prose').getByText('Causes').first().waitFor();
    expect(await page.locator('.prose').first().innerText()).toContain(
      `npm run chat-debug -- fix ${chats.silent} --action interrupt`,
    );
  });

  test('moves by itself, and says so in its title', async () => {
    const id = await create('/slow 60');
    await page.goto(at(`chats/${id}`));
    await until('it works', async () => (await page.title()).startsWith('WORKING'));
    await store().apply(id, { name: 'interrupt' });
    await until('it is at rest', async () => (await page.title()).startsWith('IDLE'));
    await page.locator('.happenings').getByText('finishInterruption').waitFor();
  });

  test('that is not there says who could see it', async () => {
    await page.goto(at('chats/018f3c1e-5b7a-4c2d-9e10-3f4a5b6c7d8e'));
    await page.getByText('There is no such chat, or you may not read it').waitFor();
    await page.goto(at('chats/not-an-id'));
    await page.getByText('This is not the id of a chat').waitFor();
  });

  test('opens in GraphiQL, which is signed in as well', async () => {
    await page.goto(at(`chats/${chats.silent}`));
    const opened = noted.context.waitForEvent('page');
    await page.getByRole('link', { name: 'Open in GraphiQL' }).click();
    const graphiql = await opened;
    await graphiql.getByLabel('Token').waitFor();
    expect(await inner(graphiql, `sessionStorage.getItem('chat-debug-gateway:token')`)).toBe(system.token);
    const refusal = () => noted.troubles.findIndex((trouble) => trouble.includes('status of 403'));
    await until('its question for the schema is refused, being none of the console', async () => refusal() >= 0);
    noted.troubles.splice(refusal(), 1);
  });

  test('text for a ticket is copied by a key, without a title and words of errors', async () => {
    await noted.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.goto(at(`chats/${chats.failed}`));
    await page.getByRole('heading', { name: 'Both halves' }).waitFor();
    await page.keyboard.press('c');
    await page.getByRole('status').filter({ hasText: 'The text is copied.' }).waitFor();
    const text = String(await inner(page, 'navigator.clipboard.readText()'));
    expect(text).toContain(`FAILED  chat ${chats.failed}, state E0`);
    expect(text).toContain(at(`chats/${chats.failed}`));
    expect(text).not.toContain('<img');
  });
});

describe('what changes around it', () => {
  test('paused, it does not move, and says from when it is', async () => {
    await page.goto(at(`chats/${chats.silent}`));
    await live(page);
    await page.keyboard.press('p');
    await page.getByText('Paused.').waitFor();
    await until('no stream is open', async () => (await streams()) === 0);
    await page.keyboard.press('p');
    await live(page);
  });

  test('cut off, what is old is marked old with its age; back again, it goes on by itself', async () => {
    await page.goto(at(''));
    await live(page);
    await noted.context.setOffline(true);
    await page.evaluate(`document.querySelector('.freshness button').click()`); // a stream that is open goes on offline
    await page.evaluate(`document.querySelector('.freshness button').click()`);
    await page.getByText('The connection to the gateway is lost.').waitFor();
    await page.getByText(/s old\./).waitFor();
    expect(await page.locator('.row').count()).toBeGreaterThan(0);
    await noted.context.setOffline(false);
    await live(page);
  });

  test('where streams are refused, it asks again and again', async () => {
    const { context, open } = await notedContext(browser, { token: system.token });
    await context.route('**/graphql', (route) =>
      route.request().headers().accept?.includes('event-stream')
        ? route.fulfill({
            status: 429,
            headers: { 'retry-after': '60' },
            json: { errors: [{ message: 'Too many.', extensions: { code: 'TOO_MANY_STREAMS' } }] },
          })
        : route.continue(),
    );
    const polling = await open(at(''));
    await polling.getByText('Not live.').waitFor();
    await polling.locator('.row').first().waitFor();
  });
});

describe('a proxy that holds streams back', () => {
  test('keeps the page waiting for seconds: then it asks again and again', async () => {
    const { context, open, requested } = await notedContext(browser, { token: system.token });
    await context.route('**/graphql', (route) =>
      route.request().headers().accept?.includes('event-stream') ? undefined : route.continue(),
    );
    await context.clock.install();
    const waiting = await open(at(''));
    await waiting.locator('.link[data-link=connecting]').waitFor();
    await until('it asks by a stream', async () => requested.some(({ pathname }) => pathname === '/graphql'));
    await context.clock.fastForward(8_000);
    await waiting.getByText('Not live.').waitFor();
    await waiting.locator('.row').first().waitFor();
  });
});

describe('a gateway that refuses', () => {
  const REFUSED = { status: 400, json: { errors: [{ message: 'Not here.', extensions: { code: 'BAD_USER_INPUT' } }] } };

  test('from behind a proxy that does not reach it for a while is taken for lost, and tried again', async () => {
    const { context, open } = await notedContext(browser, { token: system.token });
    let isAway = true;
    await context.route('**/graphql', (route) =>
      isAway
        ? route.fulfill({ status: 502, contentType: 'text/html', body: '<h1>Bad Gateway</h1>' })
        : route.continue(),
    );
    const behind = await open(at(''));
    await behind.locator('.link[data-link=lost]').waitFor();
    await behind.getByText('HTTP status 502.').first().waitFor();
    isAway = false;
    await live(behind);
  });

  test.each(['127.0.0.1', OTHER_NAME])('for good is asked once, and again by a click (at %s)', async (host) => {
    const { context, open, requested } = await notedContext(browser, { token: system.token });
    let refuses = true;
    await context.route('**/graphql', (route) =>
      refuses && isStream(route) ? route.fulfill(REFUSED) : route.continue(),
    );
    await context.clock.install();
    const refused = await open(at('').replace('127.0.0.1', host));
    await refused.locator('.link[data-link=stopped]').waitFor();
    await context.clock.runFor(60_000); // time in which another try would come, second by second: a jump is a machine that slept
    expect(requested.filter(({ pathname }) => pathname === '/graphql')).toHaveLength(1);
    refuses = false;
    await refused.getByRole('button', { name: 'Try now' }).click();
    await live(refused);
  });
});

describe('twenty tabs', () => {
  test('of one person on the same page hold one stream, and another tab takes it over', async () => {
    await page.goto('about:blank');
    const { context, open } = await notedContext(browser, { token: system.token });
    const first = await open(at(''));
    await live(first);
    const tabs = await Promise.all(Array.from({ length: 19 }, () => open(at(''))));
    for (const tab of tabs) await tab.locator('.row').first().waitFor();
    expect(await streams()).toBe(1);
    await first.close();
    await until('one of the others holds a stream', async () => (await streams()) === 1);
    await context.close();
    await until('none is left', async () => (await streams()) === 0);
  });
});

describe('for everybody', () => {
  /** The other pages are looked at where there is something to see on them, in work.test.ts. */
  const PAGES = ['', '?list=all', 'chats/silent', 'chats/failed', 'keys'];
  const pathOf = (name: string) => name.replace(/silent|failed/, (which) => chats[which as 'silent' | 'failed']);

  test.each(PAGES)('axe-core has nothing against /%s, light or dark, and it fits 320 pixels', async (name) => {
    await page.goto(at(pathOf(name)));
    await page.getByRole('heading', { level: 1 }).waitFor();
    if (name.startsWith('chats')) await page.getByRole('heading', { name: 'Timeline' }).waitFor();
    expect(await violationsInBoth(page)).toEqual([]);
    await page.setViewportSize({ width: 320, height: 640 });
    expect(await inner(page, 'document.documentElement.scrollWidth')).toBeLessThanOrEqual(320);
  });

  test('by keys alone: from the list to the chat, to the palette, to the keys, and back', async () => {
    await page.goto(at(''));
    await page.locator('.row').first().waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Both halves' }).waitFor();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('keys');
    await page.keyboard.press('Enter');
    await heading(page, 'Keys');
    await page.keyboard.press('g');
    await page.keyboard.press('f');
    await heading(page, 'Fleet');
  });

  test('on a page over plain HTTP, without locks, clipboard and randomUUID, all of it works', async () => {
    const { open, troubles } = await notedContext(browser, { token: system.token });
    const there = (address: string) => address.replace('127.0.0.1', OTHER_NAME);
    const ofOthers = await streams(); // pages of tests before it
    const first = await open(there(at('')));
    await live(first);
    expect(await inner(first, `[isSecureContext, typeof navigator.locks, typeof crypto.randomUUID]`)).toEqual([
      false,
      'undefined',
      'undefined',
    ]);
    const second = await open(there(at('')));
    await second.locator('.row').first().waitFor();
    await until('one stream more is open', async () => (await streams()) === ofOthers + 1);
    await second.goto(there(at(`chats/${chats.silent}`)));
    await second.getByRole('heading', { name: 'Both halves' }).waitFor();
    await second.keyboard.press('y');
    await second.getByRole('status').filter({ hasText: 'The link is copied.' }).waitFor();
    expect(troubles.filter((one) => !one.includes('Cross-Origin'))).toEqual([]);
  });
});

describe('all the while', () => {
  test('no text became markup', async () => {
    for (const path of ['', `chats/${chats.failed}`, 'replicas']) {
      await page.goto(at(path));
      await page.getByRole('heading', { level: 1 }).waitFor();
      if (path !== 'replicas') await page.getByText(CANARY).first().waitFor();
      expect(await inner(page, '[window.canary, document.images.length]')).toEqual([undefined, 0]);
    }
  });

  test('no other host was asked, and the policy was never violated', () => {
    expect(
      new Set(noted.requested.filter(({ protocol }) => protocol !== 'about:').map(({ origin }) => origin)),
    ).toEqual(new Set([system.gatewayUrl]));
    const expected = /net::ERR_INTERNET_DISCONNECTED/;
    expect(noted.troubles.filter((trouble) => !expected.test(trouble))).toEqual([]);
  });
});
