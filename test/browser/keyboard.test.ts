/**
 * The four troubles of the README and the terminal's page at once, as a night has them: each is found, understood and
 * mended by keys alone, at a wide window, at 320 pixels, and at a zoom of 200 %.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { systemClock } from '../../common/clock.ts';
import { textContent } from '../../domain/messages.ts';
import { signInLink } from '../../local/signInLink.ts';
import { ChatStore } from '../../subgraphs/runtime/chatd/chatStore.ts';
import { chatWaits } from '../support/chatWaits.ts';
import { TROUBLES, type Trouble } from '../support/troubles.ts';
import { until } from '../support/until.ts';
import { type System, systemsPerFile } from '../system/system.ts';
import { launch, notedContext, OPERATIONS } from './browser.ts';

jest.setTimeout(150_000);

/** Milliseconds from the list to the end of the trouble. */
const LIMIT_MS = 60_000;
const WHY = 'as the runbook says';

const WINDOWS: readonly (readonly [string, BrowserContextOptions])[] = [
  ['1280 pixels', {}],
  ['320 pixels', { viewport: { width: 320, height: 640 } }],
  ['a zoom of 200 %', { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 }], // a zoom halves the window
];

const systems = systemsPerFile();
let system: System;
let browser: Browser;
/** Chats in trouble, one for each window. */
const ids = new Map<Trouble['code'], readonly string[]>();
const became = chatWaits(() => system.pool);

beforeAll(async () => {
  const changes = {
    ...{ ALLOWED_OPERATIONS_PATH: OPERATIONS, MUTATION_RATE_LIMIT_PER_MINUTE: '0' },
    ...{ NO_PROGRESS_SECONDS: '3', RETRY_MAX_ATTEMPTS: '2' },
    HEARTBEAT_STALE_SECONDS: '600', // no worker takes a chat from another one by itself
  };
  [system, browser] = await Promise.all([systems.start(changes), launch()]);
  ids.set('OWNER_UNREACHABLE', await MAKE.OWNER_UNREACHABLE());
  await until('three replicas live that own none of them: they are to own the others', async () => {
    const { rows } = await system.pool.query(
      `SELECT FROM replicas WHERE stopped_at IS NULL AND updated_at > now() - interval '3 s'
       AND id NOT IN (SELECT worker_id FROM chats WHERE worker_id IS NOT NULL)`,
    );
    return rows.length >= 3;
  });
  for (const { code } of TROUBLES) if (!ids.has(code)) ids.set(code, await MAKE[code]());
});
afterAll(() => browser?.close());

const store = () => new ChatStore(system.pool);

const create = (text: string): Promise<string[]> =>
  Promise.all(WINDOWS.map(async () => (await store().create({ ownerId: randomUUID(), text })).id));

/** Ways in which a night makes each trouble on a running system, of as many chats as there are windows. */
const MAKE: Readonly<Record<Trouble['code'], () => Promise<string[]>>> = {
  OWNER_UNREACHABLE: async () => {
    const ids = await create('/slow 30');
    const owned = await Promise.all(
      ids.map((id) => became(id, (chat) => chat.workerId !== null && chat.generationAttempt === 1)),
    );
    for (const owner of new Set(owned.map(({ workerId }) => String(workerId)))) {
      process.kill(system.processOf(owner).pid, 'SIGKILL');
    }
    return ids;
  },
  NO_PROGRESS: () => create('/stall'),
  QUEUE_BLOCKED: async () => {
    const ids = await create('/fail 2');
    const message = { content: textContent('and then?'), createdBy: randomUUID() };
    await Promise.all(ids.map((id) => store().apply(id, { name: 'send', message })));
    return ids;
  },
  INVALID_STATE: async () => {
    const ids = await create('hello');
    await Promise.all(ids.map((id) => became(id, ({ status, workerId }) => status === 'waiting' && workerId === null)));
    await system.pool.query(`UPDATE chats SET status = 'paused' WHERE id = ANY ($1)`, [ids]);
    return ids;
  },
};

/** Text of the element that has the focus, which must be seen whole across and not lie under the head of the page. */
async function focused(page: Page): Promise<string> {
  const { text, isSeen, where } = (await page.evaluate(`(() => {
    const one = document.activeElement;
    const { left, right, top, bottom, x, y } = one.getBoundingClientRect();
    const at = document.elementFromPoint(Math.max(x, 0) + 4, Math.min(Math.max(y, 0) + 4, innerHeight - 4));
    const isSeen = left >= 0 && right <= innerWidth && bottom > 0 && top < innerHeight && (at === one || one.contains(at));
    return { text: one.textContent, isSeen, where: [left, right, top, bottom, innerWidth, innerHeight, at?.outerHTML.slice(0, 80)].join(' ') };
  })()`)) as { text: string; isSeen: boolean; where: string };
  if (!isSeen) throw new Error(`What has the focus is not seen: ${text}, at ${where}`);
  return text;
}

/** Goes down the list until a chat has the focus, and opens it. */
async function find(page: Page, id: string): Promise<void> {
  const link = page.locator(`.row a[href$="${id}"]`);
  await until('the chat is in the list', async () => {
    if (await page.locator('.waiting').count()) await page.keyboard.press('.');
    return (await link.count()) > 0;
  });
  const steps = await page.locator('.rows a.title').count();
  for (let step = 0; step < steps; step += 1) {
    await page.keyboard.press('j');
    await focused(page);
    if (await link.evaluate((one) => one === one.ownerDocument.activeElement)) return page.keyboard.press('Enter');
  }
  throw new Error(`No press of j leads to ${id}.`);
}

/** Takes the first action that is offered, by keys. */
async function mend(page: Page, id: string): Promise<void> {
  await page.locator('.offers [data-answers=true]').first().waitFor();
  await page.keyboard.press('a');
  await focused(page);
  await page.keyboard.press('Enter');
  const dialog = page.locator('dialog.act');
  await dialog.waitFor();
  await page.keyboard.type(WHY);
  await page.keyboard.press('Enter');
  await dialog.getByText('It was tried, and taken back.').waitFor();
  if (await dialog.locator('#act-typed').count()) await page.keyboard.type(id.slice(0, 8));
  else await focused(page);
  await page.keyboard.press('Enter');
}

describe.each(WINDOWS)('by keys alone, at %s', (name, options) => {
  let page: Page;

  beforeAll(async () => {
    page = await (await notedContext(browser, options)).open(String(await signInLink(system)));
    page.setDefaultTimeout(LIMIT_MS); // all steps together have no more
    await page.locator('.row').first().waitFor(); // it has redeemed the link
  });
  // Each begins at the list, with nothing left of the one before: a trouble that fails costs only itself.
  beforeEach(async () => {
    await page.goto(system.gatewayUrl);
    await page.locator('.row').first().waitFor();
  });
  afterAll(() => page?.context().close());

  test.each(TROUBLES)('$what is found, understood and mended', async ({ code, action, ends }) => {
    const id = String(ids.get(code)?.[WINDOWS.findIndex(([one]) => one === name)]);
    const link = page.locator(`section[aria-label="${code}"] .row a[href$="${id}"]`);
    await until(
      `${code} has come`,
      async () => {
        if (await page.locator('.waiting').count()) await page.keyboard.press('.');
        return (await link.count()) > 0;
      },
      LIMIT_MS,
    );
    const beganMs = systemClock.monotonicMs();
    await find(page, id);
    await page.locator('.summary').waitFor();
    const finding = page.locator('.finding', { has: page.locator('h2', { hasText: code }) });
    expect(await finding.locator('p').first().innerText()).not.toBe('');
    expect(await finding.locator('.step').innerText()).toMatch(/^Do \S/);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    await mend(page, id);
    await page
      .locator('.result')
      .getByText(new RegExp(`${code}\\b.*: gone, by the live view\\.`))
      .waitFor();
    await page.locator(`.summary:not([data-verdict=STUCK])`).waitFor();
    const tookMs = systemClock.monotonicMs() - beganMs;
    process.stderr.write(`${code} at ${name}: ${(tookMs / 1_000).toFixed(1)} s\n`);
    expect(tookMs).toBeLessThan(LIMIT_MS);
    await page.locator(`.summary[data-verdict=${ends}]`).waitFor();
    const { rows } = await system.pool.query(
      'SELECT lower(action) AS action, reason FROM chat_debug_actions WHERE chat_id = $1 AND NOT dry_run',
      [id],
    );
    expect(rows).toEqual([{ action: `${action}_chat`, reason: WHY }]);
  });
});
