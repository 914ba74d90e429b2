/**
 * The console on a bad night, in a real browser over a real system: people who may do little, texts that mean harm,
 * addresses that lead nowhere, clocks that are off, tabs that slept, and a gateway that dies.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { systemClock } from '../../common/clock.ts';
import { signCallerToken } from '../../local/callerToken.ts';
import { ChatStore } from '../../subgraphs/runtime/chatd/chatStore.ts';
import { until } from '../support/until.ts';
import { type System, systemsPerFile } from '../system/system.ts';
import { CANARY, isStream, launch, type Noted, notedContext, OPERATIONS } from './browser.ts';

jest.setTimeout(60_000);

const systems = systemsPerFile();
let system: System;
let browser: Browser;
let noted: Noted;
let page: Page;
const owner = randomUUID();
const chats = { stuck: '', turned: '', unseen: '', long: '' };

/** A mark that turns the direction of what follows it. */
const TURN = '\u202e';
const LONG = 'W'.repeat(10_000);
/** True if a page is wider than its window. */
const WIDE = 'document.documentElement.scrollWidth > innerWidth';

beforeAll(async () => {
  const changes = { ALLOWED_OPERATIONS_PATH: OPERATIONS, NO_PROGRESS_SECONDS: '1', HEARTBEAT_STALE_SECONDS: '60' };
  [system, browser] = await Promise.all([systems.start(changes), launch()]);
  const store = new ChatStore(system.pool);
  for (const name of Object.keys(chats) as (keyof typeof chats)[]) {
    chats[name] = (await store.create({ ownerId: owner, text: '/stall' })).id;
  }
  const titles = { turned: `${TURN}gnp.exe${CANARY}`, unseen: '\u200b\u2060\u00ad', long: LONG };
  for (const [name, title] of Object.entries(titles)) {
    await system.pool.query(
      `UPDATE chats SET title = $2 FROM (SELECT set_config('chat_debug.events', 'off', true)) AS uncounted WHERE id = $1`,
      [chats[name as keyof typeof titles], title],
    );
  }
  noted = await notedContext(browser, { reducedMotion: 'reduce' });
  page = await noted.open(at('keys'));
});
afterAll(() => browser?.close());

const at = (path: string) => `${system.gatewayUrl}/${path}`;
const inner = (page: Page, expression: string) => page.evaluate(expression) as Promise<unknown>;
const live = (page: Page) => page.locator('.link[data-link=live]').waitFor();

/** Token of a caller. The gateway takes one for 5 s after it has run out. */
const tokenOf = (roles: readonly string[], sub = randomUUID(), lifetimeSeconds = 600) =>
  signCallerToken(
    system.authSecret,
    { sub, roles: roles.map((role) => `chat-debug:${role}`), lifetimeSeconds },
    systemClock.now(),
  );

/** Opens a path as somebody. */
async function show(path: string, token?: string): Promise<void> {
  if (token) await inner(page, `sessionStorage.setItem('chat-debug-gateway:token', '${token}')`);
  await page.goto(at(path));
}

/** Ways to turn the browser's clock, and to hide the tab, as pages see them. */
const STRANGE = `
  const now = Date.now.bind(Date);
  window.aheadMs = 0;
  Date.now = () => now() + window.aheadMs;
  let isHidden = false;
  Object.defineProperty(document, 'hidden', { get: () => isHidden });
  window.hide = (hidden) => { isHidden = hidden; document.dispatchEvent(new Event('visibilitychange')); };
`;

describe('a person', () => {
  test('who owns no chat is not told that the fleet is well', async () => {
    await show('', await tokenOf([]));
    await page.getByText('You see your own chats alone').waitFor();
    await page.getByText('None of your chats looks like trouble.').waitFor();
    await show('incidents');
    await page.getByText('You see your own chats alone').waitFor();
    await show(`chats/${chats.stuck}`);
    await page.getByText('There is no such chat, or you may not read it').waitFor();
    await show('replicas');
    await page.getByText('This needs the role chat-debug:read-all.').waitFor();
    await show('actions/new?action=RELEASE_CHAT');
    await page.getByText('You lack the role chat-debug:operate').waitFor();
  });

  test('who owns a chat may interrupt it without a role, and reads who may release it', async () => {
    await show(`chats/${chats.stuck}`, await tokenOf([], owner));
    await page.getByRole('button', { name: 'Interrupt the turn…' }).waitFor();
    await page.getByText('What you cannot do now, and why').click();
    const why = page.locator('.pairs div', { hasText: 'Release the chat' }).locator('dd');
    expect(await why.innerText()).toMatch(/chat-debug:operate:releaseChat.*Ask somebody who has it/);
  });

  test('who only reads is told at once that they may not act, and who may', async () => {
    await show(`chats/${chats.stuck}`, await tokenOf(['read-all']));
    await page.getByText('You may take no action on this chat.').waitFor();
    await page
      .getByText(`Its owner, person ${owner.slice(0, 8)}, may do it without a role.`)
      .first()
      .waitFor();
    expect(await page.locator('.offers button').count()).toBe(0);
    await show('replicas');
    await page.locator('tbody a').first().click();
    await page.getByText('not possible. You lack the role chat-debug:operate.').waitFor();
    await show('actions');
    await page.getByText('You lack the role chat-debug:audit').waitFor();
  });

  test('who may take one action is offered that one, and plans no other', async () => {
    await show(`chats/${chats.stuck}`, await tokenOf(['read-all', 'operate:interruptChat']));
    await page.locator('.offers button').first().waitFor();
    expect(await page.locator('.offers button').allInnerTexts()).toEqual(['Interrupt the turn…']);
    await show('actions/new?action=INTERRUPT_CHAT');
    await page.getByText('A reason has 5 characters at least.').waitFor();
    await page.getByLabel('Action').selectOption('RELEASE_CHAT');
    await page.getByText('You lack the role chat-debug:operate').waitFor();
  });
});

describe('what means harm', () => {
  test('turns no text, hides no link and widens no page', async () => {
    const { rows } = await system.pool.query<{ id: string }>('SELECT id FROM replicas ORDER BY id');
    const [first, second] = rows.map(({ id }) => id);
    await system.pool.query('UPDATE replicas SET hostname = $2, version = $3 WHERE id = $1', [first, LONG, LONG]);
    await system.pool.query('UPDATE replicas SET hostname = $2 WHERE id = $1', [second, `${TURN}tsoh`]);
    await show('?list=all', system.token);
    await page.locator(`.row a[href$="${chats.unseen}"]`, { hasText: 'without a title' }).waitFor();
    await page.getByRole('link', { name: '\\u202egnp.exe' }).waitFor();
    for (const path of ['', `chats/${chats.turned}`, `chats/${chats.long}`, 'replicas', `replicas/${first}`]) {
      await show(path);
      await page.locator('.row, .summary, tbody tr, .facts').first().waitFor();
      const shown = `[${WIDE}, document.body.innerText.includes('${TURN}'), document.title.length < 120, window.canary]`;
      expect([path, ...((await inner(page, shown)) as unknown[])]).toEqual([path, false, false, true, undefined]);
      await page.setViewportSize({ width: 320, height: 700 });
      expect([path, await inner(page, WIDE)]).toEqual([path, false]);
      await page.setViewportSize({ width: 1_280, height: 800 });
    }
  });

  test.each([
    ['chats/', 'There is no such page.'],
    ['chats/%00', 'This is not the id of a chat'],
    ['replicas/..%2f', 'The database knows no replica with this id.'],
    ['incidents/%3Cimg%20src%3Dx%3E', 'There is no such incident'],
    ['?state=BOGUS&replica=nope', 'state=BOGUS and replica=nope cannot be filtered by.'],
    ['actions/new?replica=nope', 'replica=nope cannot be filtered by.'],
    ['incidents?chat=zz&code=BOGUS', 'No open incident matches.'],
  ])('an address like /%s gets words', async (path, words) => {
    await show(path);
    await page.getByText(words).first().waitFor();
  });

  test('a filter that cannot be applied is cleared where it stands', async () => {
    await show('actions/new?replica=nope&action=RETRY_CHAT');
    await page.locator('main').getByRole('button', { name: 'Clear' }).waitFor();
    await page.keyboard.press('x');
    await page.getByText('cannot be filtered by.').waitFor({ state: 'detached' });
    expect(page.url()).toBe(at('actions/new?action=RETRY_CHAT'));
  });

  test('an odd zoom shows the whole timeline', async () => {
    await show(`chats/${chats.stuck}?span=-1e99`);
    await page.locator('.ticks b').first().waitFor();
    expect(await page.locator('.ticks').innerText()).not.toContain('NaN');
  });
});

describe('time', () => {
  let strange: Page;
  beforeAll(async () => {
    await show('keys', system.token); // whose page holds no stream
    strange = await noted.context.newPage();
    await strange.addInitScript(STRANGE);
  });
  afterAll(() => strange?.close());

  test('of a computer that is hours off is not gone by, and that is told', async () => {
    const hours = await strange.addInitScript('window.aheadMs = -3 * 3_600_000');
    await strange.goto(at(`chats/${chats.stuck}`));
    await strange.getByText('The clock of this computer is 3 h behind the gateway’s.').waitFor();
    await strange.locator('.happenings time').first().waitFor();
    expect(await strange.locator('time').allInnerTexts()).not.toContainEqual(expect.stringMatching(/ h\b|^in \d/));
    await hours.dispose();
  });

  test('that a computer slept is noticed: it connects anew, since nobody tells it of a dead connection', async () => {
    await strange.goto(at(''));
    await live(strange);
    const before = noted.requested.length;
    await inner(strange, 'window.aheadMs = 600_000');
    await until('it asks again', () => noted.requested.slice(before).some(({ pathname }) => pathname === '/graphql'));
    await live(strange);
  });

  test('that a tab was hidden is marked on what it shows, until it is new again', async () => {
    await inner(strange, 'hide(true)');
    await strange.locator('.link[data-link=stopped]').waitFor();
    let answer = () => {};
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    await strange.route('**/graphql', (route) => answered.then(() => route.continue()));
    await inner(strange, 'window.aheadMs += 600_000; hide(false)');
    await strange.getByText(/The page connects again\. What is shown is the state of .*, 10 min old\./).waitFor();
    answer();
    await live(strange);
    expect(await strange.getByText('10 min old').count()).toBe(0);
  });

  test('of a token runs out in the middle: the page says so, and a new one leads back to the same chat', async () => {
    await show(`chats/${chats.stuck}`, await tokenOf(['read-all'], randomUUID(), -1));
    await page.getByRole('alert').filter({ hasText: 'The token has run out.' }).waitFor();
    await page.getByLabel('Token').fill(system.token);
    await page.keyboard.press('Enter');
    await page.locator('.summary').waitFor();
    expect(page.url()).toBe(at(`chats/${chats.stuck}`));
  });
});

describe('what breaks', () => {
  test('the way back and the way forward lead to the same list and the same chat', async () => {
    await show('?finding=NO_PROGRESS', system.token);
    await page.locator('.row a.title').first().click();
    await page.locator('.summary').waitFor();
    await page.goBack();
    await page.locator('.row').first().waitFor();
    expect(page.url()).toBe(at('?finding=NO_PROGRESS'));
    await page.goForward();
    await page.locator('.summary').waitFor();
    await page.goBack();
  });

  test('what nobody can answer is old, and the head does not call it live', async () => {
    const DOWN = { data: null, errors: [{ message: 'No database.', extensions: { code: 'DATABASE_UNAVAILABLE' } }] };
    const FULL = { errors: [{ message: 'Too many.', extensions: { code: 'TOO_MANY_STREAMS' } }] };
    let isDown = false;
    await page.route('**/graphql', (route) => {
      if (isStream(route)) return route.fulfill({ status: 429, headers: { 'retry-after': '60' }, json: FULL });
      return isDown ? route.fulfill({ json: DOWN }) : route.continue();
    });
    await show('');
    await page.locator('.row').first().waitFor();
    isDown = true;
    await page.getByText('The gateway cannot answer now: No database.').waitFor();
    expect(await page.locator('.link').innerText()).toBe('old');
    expect(await page.locator('.row').count()).toBeGreaterThan(0);
    await page.getByRole('link', { name: 'All chats' }).click();
    await page.getByText('They could not be read.').waitFor();
    await show('actions/new');
    await page.getByText('DATABASE_UNAVAILABLE').waitFor();
    expect(await page.getByText(/No suspect matches|There are more/).count()).toBe(0);
    await page.unroute('**/graphql');
  });

  test('offers that could not be asked for say so, and are asked for again', async () => {
    await page.route('**/graphql', (route) =>
      route.request().postData()?.includes('query ChatOffers') ? route.abort() : route.fallback(),
    );
    await show(`chats/${chats.stuck}`);
    await page.getByText('What may be done could not be asked.').waitFor();
    await page.unroute('**/graphql');
    await page.getByRole('button', { name: 'Ask again', exact: true }).click();
    await page.getByRole('button', { name: 'Interrupt the turn…' }).waitFor();
  });

  test('a gateway that dies is told, also in the other tab, and both go on by themselves once it is back', async () => {
    const other = await noted.open(at(`chats/${chats.stuck}`));
    await live(other);
    await live(page);
    const [, pid] = /gateway is ready: .*, process (\d+)/.exec(system.output()) ?? [];
    process.kill(Number(pid), 'SIGKILL');
    const told = /The connection to the gateway is lost\. What is shown is the state of .* old\./;
    await Promise.all([page, other].map((tab) => tab.getByText(told).waitFor()));
    await Promise.all([live(page), live(other)]);
  });

  test('no page violated the policy, and none threw', () => {
    const network = /net::ERR_|status of (429|401)/;
    expect(noted.troubles.filter((trouble) => !network.test(trouble))).toEqual([]);
  });
});
