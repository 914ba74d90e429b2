/** The console where work is done: actions, plans, replicas and incidents, in a real browser over a real system. */
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { systemClock } from '../../common/clock.ts';
import { IncidentBundles, Incidents } from '../../console/data/operations.ts';
import { textContent } from '../../domain/messages.ts';
import { signCallerToken } from '../../local/callerToken.ts';
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
/** A chat that stays in trouble, and the incident that is kept of it. */
const kept = { chat: '', incident: '', bundle: {} as Record<string, unknown> };

beforeAll(async () => {
  const changes = { ALLOWED_OPERATIONS_PATH: OPERATIONS, NO_PROGRESS_SECONDS: '3', RECORDER_INTERVAL_SECONDS: '1' };
  [system, browser] = await Promise.all([systems.start({ ...changes, MUTATION_RATE_LIMIT_PER_MINUTE: '0' }), launch()]);
  kept.chat = await createStalled();
  await system.pool.query('UPDATE replicas SET hostname = $1', [CANARY]);
  noted = await notedContext(browser);
  // From the start: a page that is open already may send a question past a route for a moment.
  await noted.context.route('**/graphql', (route) => route.fallback());
  page = await noted.open(String(await signInLink(system)));
  await page.locator('.link[data-link=live]').waitFor();
  await until('its incident is kept with a bundle', async () => {
    const { incidents } = await ask<{ incidents: { edges: { node: { id: string } }[] } }>(Incidents.text, { first: 5 });
    kept.incident = incidents.edges[0]?.node.id ?? '';
    if (!kept.incident) return false;
    const { incident } = await ask<{ incident: { bundles: { bundle: Record<string, unknown> }[] } }>(
      IncidentBundles.text,
      { id: kept.incident },
    );
    kept.bundle = incident.bundles[0]?.bundle ?? {};
    return 'format' in kept.bundle;
  });
});
afterEach(() => tidied(browser, page));
afterAll(() => browser?.close());

const at = (path: string) => `${system.gatewayUrl}/${path}`;
const inner = (shown: Page, expression: string) => shown.evaluate(expression) as Promise<unknown>;
const heading = (shown: Page, name: string | RegExp) => shown.getByRole('heading', { level: 1, name }).waitFor();

/** Makes a chat whose step waits for a model that is silent. It moves no more by itself. */
async function createStalled(): Promise<string> {
  const { id } = await new ChatStore(system.pool).create({ ownerId: randomUUID(), text: '/stall' });
  await system.pool.query(
    `UPDATE chats SET title = $1 FROM (SELECT set_config('chat_debug.events', 'off', true)) AS uncounted WHERE id = $2`,
    [CANARY, id],
  );
  await until('its step has begun', async () => {
    const begun = await system.pool.query('SELECT FROM chats WHERE id = $1 AND generation_attempt = 1', [id]);
    return begun.rowCount === 1;
  });
  return id;
}

/** A message that is queued, since the chat is busy. */
const send = (id: string) =>
  new ChatStore(system.pool).apply(id, {
    name: 'send',
    message: { content: textContent('one more'), createdBy: randomUUID() },
  });

async function ask<Data>(query: string, variables: object): Promise<Data> {
  const response = await fetch(at('graphql'), {
    method: 'POST',
    headers: { authorization: `Bearer ${system.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  return ((await response.json()) as { data: Data }).data;
}

async function records(chatId: string) {
  const { rows } = await system.pool.query<{ outcome: string; via: string; dry_run: boolean; reason: string }>(
    'SELECT outcome, via, dry_run, reason FROM chat_debug_actions WHERE chat_id = $1 ORDER BY at',
    [chatId],
  );
  return rows;
}

const twoFrames = (shown: Page) =>
  inner(shown, 'new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))');
const dialog = (shown: Page) => shown.locator('dialog.act');
const offer = (shown: Page, name: string) => shown.getByRole('button', { name: `${name}…` });

/** Opens a chat, and waits until an action is offered. */
async function offered(shown: Page, chatId: string, name: string): Promise<void> {
  await shown.goto(at(`chats/${chatId}`));
  await offer(shown, name).waitFor();
}

/** Opens an offer and tries it by keys alone. */
async function attempt(shown: Page, name: string, reason: string): Promise<void> {
  await offer(shown, name).press('Enter');
  await dialog(shown).getByLabel('Reason, for the record').fill(reason);
  await shown.keyboard.press('Enter');
  await dialog(shown).getByText('It was tried, and taken back.').waitFor();
}

describe('an action on a chat', () => {
  test('is tried, shows what it changes, is taken by keys alone, and is followed until its finding is gone', async () => {
    const id = await createStalled();
    await page.goto(at(`chats/${id}`));
    await page.getByText('NO_PROGRESS').first().waitFor();
    await page.locator('.offers [data-answers=true]').first().waitFor();
    await attempt(page, 'Interrupt the turn', 'the model is silent');
    expect(await dialog(page).locator('.diff tr[data-differs=true]').first().innerText()).toMatch(/state\s+R0\s+I0/);
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('Enter');
    const result = page.locator('.result');
    await result.getByText('It was done.').waitFor();
    await result.getByText('NO_PROGRESS: gone, by the live view.').waitFor();
    expect(await records(id)).toEqual([
      { outcome: 'DONE', via: 'CONSOLE', dry_run: true, reason: 'the model is silent' },
      { outcome: 'DONE', via: 'CONSOLE', dry_run: false, reason: 'the model is silent' },
    ]);
  });

  test('keeps the focus while it is tried, and has it on the next step in the moment that shows the outcome', async () => {
    await offered(page, await createStalled(), 'Release the chat');
    await offer(page, 'Release the chat').press('Enter');
    const reason = dialog(page).getByLabel('Reason, for the record');
    await reason.fill('only to look');
    let answer = () => {};
    const isHeld = new Promise<void>((resolve) => {
      answer = resolve;
    });
    await page.route('**/graphql', async (route) => {
      if (!isStream(route)) await isHeld;
      await route.fallback();
    });
    await page.keyboard.press('Enter');
    await dialog(page).getByText('Trying…').waitFor();
    await twoFrames(page); // in which the browser takes the focus from what cannot have it
    expect(await inner(page, 'document.activeElement.id')).toBe('act-reason');
    await inner(
      page,
      `void new MutationObserver(() => {
        if (!document.querySelector('.diff')) return;
        window.focusedThen ??= document.activeElement.textContent;
      }).observe(document.querySelector('dialog.act'), { childList: true, subtree: true })`,
    );
    answer();
    await dialog(page).getByText('It was tried, and taken back.').waitFor();
    expect(await inner(page, 'window.focusedThen')).toBe('Release the chat');
    await page.unroute('**/graphql');
    await page.keyboard.press('Escape');
    await dialog(page).waitFor({ state: 'detached' });
  });

  test('is not taken by an Enter that is held down', async () => {
    const id = await createStalled();
    await offered(page, id, 'Interrupt the turn');
    await offer(page, 'Interrupt the turn').press('Enter');
    await dialog(page).getByLabel('Reason, for the record').fill('held for too long');
    await page.keyboard.down('Enter');
    await dialog(page).getByText('It was tried, and taken back.').waitFor();
    await page.keyboard.down('Enter');
    await twoFrames(page);
    await page.keyboard.up('Enter');
    expect(await dialog(page).locator('.primary').textContent()).toBe('Interrupt the turn');
    expect((await records(id)).filter(({ dry_run }) => !dry_run)).toEqual([]);
    await page.keyboard.press('Enter');
    await page.locator('.result').getByText('It was done.').waitFor();
  });

  test('wants a reason that can be read, and asks nothing before', async () => {
    await offered(page, kept.chat, 'Release the chat');
    await offer(page, 'Release the chat').click();
    const before = noted.requested.length;
    for (const reason of ['', 'four', 'x'.repeat(501), 'turned \u202e around']) {
      await dialog(page).getByLabel('Reason').fill(reason);
      await page.keyboard.press('Enter');
      await dialog(page).locator('#act-reason-help.bad').waitFor();
    }
    expect(noted.requested.slice(before).filter(({ pathname }) => pathname === '/graphql')).toEqual([]);
    await page.keyboard.press('Escape');
    await dialog(page).waitFor({ state: 'detached' });
    expect(await records(kept.chat)).toEqual([]);
  });

  test('that loses something for good is confirmed by typing', async () => {
    const id = await createStalled();
    await send(id);
    await offered(page, id, 'Delete the queued messages');
    await attempt(page, 'Delete the queued messages', 'they were sent twice');
    const confirm = dialog(page).getByRole('button', { name: 'Delete the queued messages' });
    expect(await confirm.isDisabled()).toBe(true);
    await page.keyboard.type(id.slice(0, 8));
    await page.keyboard.press('Enter');
    await page.locator('.result').getByText('It was done.').waitFor();
    const { rows } = await system.pool.query('SELECT FROM chat_queued_messages WHERE chat_id = $1', [id]);
    expect(rows).toEqual([]);
  });

  test('on a chat that has moved since is a conflict, and does nothing', async () => {
    const id = await createStalled();
    await offered(page, id, 'Release the chat');
    await attempt(page, 'Release the chat', 'it does not get on');
    await send(id);
    await dialog(page).getByText('It has moved since this was opened.').waitFor();
    await page.keyboard.press('Enter');
    await dialog(page).getByText('CONFLICT', { exact: true }).waitFor();
    await page.keyboard.press('Escape');
    expect((await records(id)).map(({ outcome }) => outcome)).toEqual(['DONE', 'CONFLICT']);
  });

  test('whose answer is lost is settled by its key after a reload, and acts once', async () => {
    const id = await createStalled();
    await offered(page, id, 'Interrupt the turn');
    await attempt(page, 'Interrupt the turn', 'the model is silent');
    await page.route('**/graphql', async (route) => {
      if (!route.request().postData()?.includes('mutation InterruptChat')) return route.fallback();
      await route.fetch();
      await route.fulfill({ status: 504, json: { errors: [{ message: 'A proxy has waited for too long.' }] } });
    });
    await page.keyboard.press('Enter');
    await dialog(page).getByText('It is not known whether this was done.').waitFor();
    await page.unroute('**/graphql');
    await page.reload();
    await page.locator('.result').getByText('It was done.').waitFor();
    await page.locator('.result a').click(); // which leads to its record
    await page.locator('.records .verdict').getByText('DONE').waitFor();
    await page.goBack();
    expect((await records(id)).filter(({ dry_run }) => !dry_run)).toHaveLength(1);
    await page.reload();
    await offerless(page);
    expect(await page.locator('.result').count()).toBe(0);
  });

  test('that never arrived is sent again with the same key', async () => {
    const id = await createStalled();
    await offered(page, id, 'Interrupt the turn');
    await attempt(page, 'Interrupt the turn', 'the model is silent');
    const keys: string[] = [];
    await page.route('**/graphql', (route) => {
      const body = route.request().postData() ?? '';
      if (!body.includes('mutation InterruptChat')) return route.fallback();
      keys.push((JSON.parse(body) as { variables: { idempotencyKey: string } }).variables.idempotencyKey);
      return keys.length === 1 ? route.abort() : route.fallback();
    });
    await page.keyboard.press('Enter');
    await dialog(page).getByText('It is not known whether this was done.').waitFor();
    await page.keyboard.press('Enter');
    await page.locator('.result').getByText('It was done.').waitFor();
    await page.unroute('**/graphql');
    expect(keys).toEqual([keys[0], keys[0]]);
  });

  test('for a finding that is gone by then says so, and what the live view sees', async () => {
    const id = await createStalled();
    await offered(page, id, 'Interrupt the turn');
    await page.getByText('NO_PROGRESS').first().waitFor();
    await attempt(page, 'Interrupt the turn', 'the model is silent');
    await page.route('**/graphql', (route) => {
      const body = route.request().postData() ?? '';
      if (!body.includes('mutation InterruptChat')) return route.fallback();
      return route.fallback({ postData: body.replace(/"findings":\[[^\]]*\]/, '"findings":["QUEUE_BLOCKED"]') });
    });
    await page.keyboard.press('Enter');
    await page.locator('.result').getByText('The chat had none of the named findings then').waitFor();
    const seen = page.locator('.result').getByText('QUEUE_BLOCKED: gone, by the live view.');
    await seen.waitFor();
    await page.keyboard.press('p');
    await seen.waitFor({ state: 'detached' }); // a page that stands still does not know
    await page.keyboard.press('p');
    await seen.waitFor();
  });

  test('that a person may not take says why, and who may', async () => {
    const claims = { sub: randomUUID(), roles: ['chat-debug:read-all'], lifetimeSeconds: 600 };
    const token = await signCallerToken(system.authSecret, claims, systemClock.now());
    const { open } = await notedContext(browser, { token });
    const reader = await open(at(`chats/${kept.chat}`));
    await reader.getByText('This needs the role chat-debug:operate or chat-debug:operate:releaseChat.').waitFor();
    await reader.getByText('may do it without a role.').first().waitFor();
    await reader.goto(at('replicas'));
    await reader.locator('tbody a').first().click();
    await reader.getByText('You lack the role chat-debug:operate.').waitFor();
    await reader.goto(at('actions'));
    await reader.getByText('You lack the role').waitFor();
    expect(await violations(reader)).toEqual([]);
  });
});

/** Waits for the actions of a chat to which nothing can be done. */
const offerless = (shown: Page) => shown.getByText('Nothing can be done to this chat now.').waitFor();

describe('many at once', () => {
  test('a plan is frozen, looked through, run, and each chat has its outcome', async () => {
    const ids = [await createStalled(), await createStalled()];
    await page.goto(at('actions/new?action=INTERRUPT_CHAT&finding=NO_PROGRESS'));
    await until('both are suspects', async () => {
      await page.getByRole('button', { name: 'Look again' }).click();
      await page.locator('.pick').first().waitFor();
      const shown = await page.locator('.pick a.title').evaluateAll((links) => links.map(String));
      return ids.every((id) => shown.some((link) => link.endsWith(id)));
    });
    for (const box of await page.locator('.pick input').all()) {
      const label = String(await box.getAttribute('aria-label'));
      if (!ids.some((id) => label.endsWith(id.slice(0, 8)))) await box.uncheck();
    }
    await page.getByLabel('Reason, for all records').fill('all of them are silent');
    await page.getByRole('button', { name: 'Freeze 2 chats for review' }).click();
    await heading(page, 'Interrupt the turn, 2 chats');
    expect((await records(String(ids[0]))).length).toBe(0);
    await send(String(ids[1]));
    await page.getByLabel('Type 2').fill('2');
    await page.keyboard.press('Enter');
    await page.locator('.verdict').getByText('FINISHED').waitFor();
    await page.locator('tbody').getByText('DONE').waitFor();
    await page.locator('tbody').getByText('CONFLICT').waitFor();
    expect(await violations(page)).toEqual([]);
  });

  test('a plan that nobody runs is given up', async () => {
    const id = await createStalled();
    await page.goto(at('actions/new?action=RELEASE_CHAT'));
    await until('it is a suspect', async () => {
      await page.getByRole('button', { name: 'Look again' }).click();
      await page.locator('.pick').first().waitFor();
      return (await page.locator(`.pick a[href$="${id}"]`).count()) > 0;
    });
    await page.getByLabel('Reason, for all records').fill('only to see the list');
    await page.getByRole('button', { name: /Freeze/ }).click();
    await page.getByRole('button', { name: 'Give the plan up' }).click();
    await page.locator('.verdict').getByText('STOPPED').waitFor();
    expect(await records(id)).toEqual([]);
  });
});

describe('the audit', () => {
  test('lists what was done, and its filters stand in the address', async () => {
    await page.goto(at('actions'));
    await page.locator('.records tbody tr').first().waitFor();
    await page.getByLabel('Outcome').selectOption('CONFLICT');
    await until('only conflicts are there', async () => {
      const shown = await page.locator('.records tbody .verdict').allInnerTexts();
      return shown.length > 0 && shown.every((one) => one === 'CONFLICT');
    });
    expect(page.url()).toBe(at('actions?outcome=CONFLICT'));
    await page.getByText('All of it').first().click();
    await page.getByText('idempotencyKey').first().waitFor();
    await page.locator('h1').click();
    await page.keyboard.press('x');
    await until('all are there', async () => (await page.locator('.records tbody').innerText()).includes('tried only'));
  });
});

describe('replicas', () => {
  test('one is drained by keys after its id was typed, and takes chats again', async () => {
    await page.goto(at('replicas'));
    await until('three are there', async () => (await page.locator('tbody tr').count()) === 3);
    const link = page.locator('tbody a').first();
    const id = String(await link.getAttribute('href')).slice(-36);
    await link.press('Enter');
    await offer(page, 'Drain the replica').waitFor();
    await attempt(page, 'Drain the replica', 'it is to be replaced');
    if (await dialog(page).locator('#act-typed').count()) await page.keyboard.type(id.slice(0, 8));
    await page.keyboard.press('Enter');
    await page.getByText('drains: it takes no chats').waitFor();
    await attempt(page, 'Let the replica take chats again', 'it stays after all');
    await page.keyboard.press('Enter');
    await page.getByText('no: it takes chats').waitFor();
    await page.locator('.records').getByText('it stays after all').first().waitFor();
  });

  test('one says what it holds, and that nobody else does', async () => {
    const { rows } = await system.pool.query<{ worker_id: string }>('SELECT worker_id FROM chats WHERE id = $1', [
      kept.chat,
    ]);
    await page.goto(at(`replicas/${rows[0]?.worker_id}`));
    const row = page.locator(`tr:has(a[href$="${kept.chat}"])`);
    await row.getByText('RUNNING GENERATION').waitFor();
    await row.getByText('this one', { exact: true }).waitFor();
    await row.getByText('nobody').waitFor();
  });

  test('that is not there says so', async () => {
    await page.goto(at(`replicas/${randomUUID()}`));
    await page.getByText('The database knows no replica with this id.').waitFor();
  });
});

describe('incidents', () => {
  const open = (name: string, text: string) => {
    const file = join(systems.dataDir, name);
    writeFileSync(file, text);
    return page.getByLabel('Bundle file').setInputFiles(file);
  };
  const changed = (changes: object) => JSON.stringify({ ...kept.bundle, ...changes });

  test('an open one leads to its photograph, which says that it is one, and from when', async () => {
    await page.goto(at('incidents'));
    await page.locator(`a[href$="incidents/${kept.incident}"]`).click();
    await page.getByText('Photograph, not live.').waitFor();
    await page.getByText(/taken at \d{4}-\d\d-\d\d/).waitFor();
    await page.getByRole('heading', { name: 'Both halves' }).waitFor();
    await page.getByRole('heading', { name: 'Every replica’s view' }).waitFor();
    expect(await page.locator('.photographed').getByText('ago').first().innerText()).toBeTruthy();
  });

  test('a file opens the same way, nothing of it is sent, and another one stands beside it with what changed', async () => {
    await page.goto(at('incidents'));
    await page.getByText('Open a bundle file').waitFor();
    await open('before.json', changed({}));
    await page.getByText('Photograph, not live.').waitFor();
    const before = noted.requested.length;
    const { snapshot } = kept.bundle as { snapshot: { database: object } };
    const database = { ...snapshot.database, queueDepth: 3, snapshotVersion: 99 };
    await open('after.json', changed({ snapshot: { ...snapshot, database } }));
    await page.getByRole('heading', { name: 'What changed' }).waitFor();
    expect(await page.locator('.compare tr[data-differs=true]').filter({ hasText: 'queued' }).innerText()).toMatch(
      /0\s+3/,
    );
    expect(noted.requested.slice(before).filter(({ pathname }) => !pathname.endsWith('.svg'))).toEqual([]);
    expect(await violations(page)).toEqual([]);
  });

  test('two incidents are compared', async () => {
    await page.goto(at('incidents?list=past'));
    await until('a second one is over', async () => {
      await page.reload();
      await page.getByRole('heading', { level: 1 }).waitFor();
      return page
        .locator('tbody input')
        .first()
        .waitFor({ timeout: 2_000 })
        .then(
          () => true,
          () => false,
        );
    });
    const other = String(await page.locator('tbody th a').first().getAttribute('href')).slice(-36);
    await page.goto(at(`incidents?pick=${kept.incident},${other}`));
    await page.getByRole('button', { name: 'Compare the two' }).click();
    await page.getByText('These are two chats').waitFor();
  });

  test.each([
    ['nothing', '', 'is empty.'],
    ['no JSON', 'hello', 'is not JSON.'],
    ['cut off', '{"format": "chat-debug-bundle/1", "sna', 'is cut off'],
    ['another format', '{"format":"chat-debug-bundle/7"}', 'is a bundle of version 7'],
    ['no chat', '{"format":"chat-debug-bundle/1","snapshot":{}}', 'no chat in it'],
    ['deeply nested', `${'['.repeat(200_000)}`, 'is not JSON.'],
    ['huge', 'x'.repeat(5_100_000), 'it was not read'],
  ])('a file with %s is refused in words', async (_, text, words) => {
    await page.goto(at('incidents'));
    await page.getByText('Open a bundle file').waitFor();
    await open('odd.json', text);
    await page.getByRole('alert').filter({ hasText: words }).waitFor();
    await page.getByText('Open a bundle file').waitFor();
  });

  test('a file in which every value is odd is shown, and does no harm', async () => {
    const odd = (value: unknown, name = '', most = 150): unknown => {
      if (name === 'format') return value;
      if (typeof value === 'number') return 1e300;
      if (typeof value === 'string') return /^\d{4}-/.test(value) ? '9999-99-99T99:99:99Z' : `${CANARY}${value}../../`;
      if (Array.isArray(value)) return Array.from({ length: most }, () => odd(value[0], name, 2));
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, odd(one, key, most)]));
    };
    await page.goto(at('incidents'));
    await page.getByText('Open a bundle file').waitFor();
    await open(`${CANARY.replace('/', '')}.json`, JSON.stringify(odd(kept.bundle)));
    await page.getByText('Photograph, not live.').waitFor();
    await page.getByRole('heading', { name: 'Both halves' }).waitFor();
    await page.getByText(CANARY).first().waitFor();
    expect(await inner(page, '[window.canary, document.images.length]')).toEqual([undefined, 0]);
  });
});

describe('for everybody', () => {
  const PAGES = ['replicas', 'replica', 'incidents', 'incident', 'actions', 'actions/new'];
  const pathOf = async (name: string) => {
    if (name === 'incident') return `incidents/${kept.incident}`;
    if (name !== 'replica') return name;
    const { rows } = await system.pool.query<{ id: string }>('SELECT id FROM replicas ORDER BY id LIMIT 1');
    return `replicas/${rows[0]?.id}`;
  };
  const shown = async (name: string) => {
    await page.goto(at(await pathOf(name)));
    await page.getByRole('heading', { level: 1 }).first().waitFor();
    await page.locator('main table, main .pick, main .photo').first().waitFor();
  };

  test.each(PAGES)('axe-core has nothing against %s, light or dark, and it fits 320 pixels', async (name) => {
    await shown(name);
    expect(await violationsInBoth(page)).toEqual([]);
    await page.setViewportSize({ width: 320, height: 640 });
    expect(await inner(page, 'document.documentElement.scrollWidth')).toBeLessThanOrEqual(320);
    expect(await inner(page, '[window.canary, document.images.length]')).toEqual([undefined, 0]);
  });

  test('no other host was asked, and the policy was never violated', () => {
    const asked = noted.requested.filter(({ protocol }) => protocol !== 'about:').map(({ origin }) => origin);
    expect(new Set(asked)).toEqual(new Set([system.gatewayUrl]));
    const expected = /net::ERR_FAILED|status of 504/;
    expect(noted.troubles.filter((trouble) => !expected.test(trouble))).toEqual([]);
  });
});
