import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { exampleQueries } from '../../gateway/http/graphiql.ts';
import type { RunningServer } from '../../server/app.ts';
import { until } from '../support/until.ts';
import { launch } from './browser.ts';
import { CHAT_ID, chat, startGatewayOverOneChat, token } from './gateway.ts';

let gateway: RunningServer;
let goodToken: string;
let browser: Browser;
let page: Page;
/** Unexpected errors in the page. */
let troubles: string[];
let requested: URL[];

beforeAll(async () => {
  gateway = await startGatewayOverOneChat();
  goodToken = await token();
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
  await gateway?.stop();
});

beforeEach(async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  page = await context.newPage();
  troubles = [];
  requested = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) troubles.push(message.text());
  });
  page.on('pageerror', (error) => troubles.push(error.message));
  page.on('requestfailed', (request) => troubles.push(`${request.url()}: ${request.failure()?.errorText}`));
  page.on('request', (request) => requested.push(new URL(request.url())));
  await page.goto(`${gateway.url}/graphiql`);
  await page.locator('.graphiql-query-editor .CodeMirror-code').waitFor();
});
afterEach(() => page.context().close());

const said = (text: string) => page.getByRole('status').filter({ hasText: text }).waitFor();
const run = () => page.getByRole('button', { name: 'Execute query' }).click();
const answer = () => page.getByLabel('Result Window');
const tab = (name: string) => page.getByRole('tab', { name });
const questions = () => requested.filter(({ pathname }) => pathname === '/graphql');

/** Pastes over the clipboard, as a person does. */
async function paste(text: string): Promise<void> {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(text)})`);
  await page.getByLabel('Token').press('Control+V');
}

describe('GraphiQL, in a browser that reaches nothing but this machine', () => {
  test('says that it needs a token, and asks nothing without one', async () => {
    await said('No token yet: paste one');
    await run();
    await answer().getByText('No token yet').waitFor();
    expect(questions()).toEqual([]);
    expect(troubles).toEqual([]);
  });

  test('shows the schema with its descriptions as soon as a token is pasted', async () => {
    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    await paste(`Authorization: Bearer ${goodToken}\n`);
    await said('The gateway accepts this token.');
    const docs = page.getByRole('region', { name: 'Documentation Explorer' });
    await docs.getByText('Query', { exact: true }).click();
    await docs.getByText('One chat, from both sides: its rows, and the memory of the replica that owns it').waitFor();
    await docs.getByText('ChatDebugSnapshotConnection').click();
    await docs.getByText('A page of chats').waitFor();
    expect(troubles).toEqual([]);
  });

  test('opens with the first example and its variables, and a reload adds no tab', async () => {
    await page.getByLabel('Variables').getByText("put the chat's id here").waitFor();
    await until('the tabs are stored', () => page.evaluate(`sessionStorage.getItem('graphiql:tabState')`));
    await page.reload();
    await page.getByLabel('Query Editor').getByText('query OneChat').waitFor();
    expect(await page.getByRole('tab').count()).toBe(exampleQueries().length);
  });

  test('shows the query that a link asks for, in a tab of its own, and asks nothing until it is run', async () => {
    const query = `{\n  chatDebugSnapshot(chatId: "${CHAT_ID}") {\n    executionState\n  }\n}`;
    const link = `${gateway.url}/graphql?query=${encodeURIComponent(query)}`;
    const opened = await page.context().newPage(); // no tab of it is stored
    await opened.goto(link);
    await opened.getByLabel('Query Editor').getByText('executionState').waitFor();
    expect(await opened.getByRole('tab').count()).toBe(exampleQueries().length + 1);
    await opened.close();

    await until('the tabs are stored', () => page.evaluate(`sessionStorage.getItem('graphiql:tabState')`));
    await page.goto(link);
    await page.getByLabel('Query Editor').getByText('executionState').waitFor();
    expect(await page.getByRole('tab').count()).toBe(exampleQueries().length + 1);
    expect(questions().filter(({ search }) => search === '')).toEqual([]);
    expect(troubles).toEqual([]);
  });

  test('has an example in each tab, of which the first answers once the id stands in its variables', async () => {
    await paste(goodToken);
    await said('The gateway accepts this token.');
    for (const name of ['ChatsInTrouble', 'WhoElseHoldsIt', 'Replicas', 'SeveralChats', 'OneChat']) {
      await tab(name).click();
      await page.getByLabel('Query Editor').getByText(`query ${name}`).waitFor();
    }
    const variables = page.getByLabel('Variables').locator('.CodeMirror-code');
    await variables.getByText("put the chat's id here").click({ clickCount: 2 });
    await page.keyboard.press('Control+A');
    await page.keyboard.insertText(JSON.stringify({ chatId: CHAT_ID }));
    await run();
    await answer().filter({ hasText: '"queueDepth": 7' }).waitFor();
    expect(troubles).toEqual([]);
  });

  test('follows a subscription, until it is stopped', async () => {
    await paste(goodToken);
    await said('The gateway accepts this token.');
    await page.getByLabel('Query Editor').locator('.CodeMirror-code').click();
    await page.keyboard.press('Control+A');
    await page.keyboard.insertText(
      `subscription Follow { chatDebugSnapshot(chatId: "${CHAT_ID}", everyMs: 250) { database { queueDepth } } }`,
    );
    await tab('Follow').waitFor(); // until then the button runs the operation that was there
    await run();
    await answer().filter({ hasText: '"queueDepth": 7' }).waitFor();
    chat.queueDepth = 8;
    await answer().filter({ hasText: '"queueDepth": 8' }).waitFor();
    const streams = async () => {
      const text = await (await fetch(`${gateway.url}/metrics`)).text();
      return /^chat_debug_streams\{[^}]*\} (\d+)$/m.exec(text)?.[1];
    };
    expect(await streams()).toBe('1');
    await page.getByRole('button', { name: 'Stop query' }).click();
    await until('the stream is closed', async () => (await streams()) === '0');
    chat.queueDepth = 7;
    expect(troubles.filter((trouble) => !trouble.includes('ERR_ABORTED'))).toEqual([]);
  });

  test('says in words that a token is refused, and that another is accepted', async () => {
    await paste('not.the.token');
    await said('The gateway refuses this token. This needs a valid token');
    await run();
    await answer().getByText('UNAUTHENTICATED').waitFor();
    await page.getByLabel('Token').fill(goodToken);
    await page.getByRole('button', { name: 'Use it' }).click();
    await said('The gateway accepts this token.');
    for (const trouble of troubles) expect(trouble).toContain('status of 401');
  });

  test('says that the gateway cannot be reached', async () => {
    await page.context().setOffline(true);
    await paste(goodToken);
    await said('The gateway cannot be reached.');
    await page.context().setOffline(false);
    await page.getByRole('button', { name: 'Use it' }).click();
    await said('The gateway accepts this token.');
  });

  test('keeps token and tabs for this browser tab alone, outside the URL, and forgets the token when told', async () => {
    await paste(goodToken);
    await said('The gateway accepts this token.');
    await tab('Replicas').click();
    await until('the fourth tab is stored as the active one', () =>
      page.evaluate(`sessionStorage.getItem('graphiql:tabState')?.includes('"activeTabIndex":3')`),
    );
    await page.reload();
    await said('The gateway accepts this token.');
    await page.getByLabel('Query Editor').getByText('query Replicas').waitFor();
    expect(await page.getByRole('tab').count()).toBe(exampleQueries().length);

    expect(await page.evaluate('localStorage.length')).toBe(0);
    expect(
      await page.evaluate(`Object.keys(sessionStorage).filter((key) => sessionStorage[key].includes('${goodToken}'))`),
    ).toEqual(['chat-debug-gateway:token']);
    expect(requested.filter(({ href }) => href.includes(goodToken))).toEqual([]);
    const other = await page.context().newPage();
    await other.goto(`${gateway.url}/graphiql`);
    await other.getByRole('status').filter({ hasText: 'No token yet' }).waitFor();

    await page.getByRole('button', { name: 'Forget it' }).click();
    await said('No token yet');
    expect(await page.evaluate(`Object.values(sessionStorage).some((value) => value.includes('${goodToken}'))`)).toBe(
      false,
    );
    expect(troubles).toEqual([]);
  });

  test('asks no other host for anything', async () => {
    await paste(goodToken);
    await said('The gateway accepts this token.');
    expect(questions().length).toBeGreaterThan(0);
    expect(new Set(requested.map(({ origin }) => origin))).toEqual(new Set([gateway.url]));
  });
});
