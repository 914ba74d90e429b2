import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../common/clock.ts';
import { freePort } from '../../local/ports.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { blocksOf, Following, type Ran } from '../support/followedPage.ts';
import { isListed } from './cases/expected.ts';
import { REST } from './cases/rest.ts';
import { TROUBLE } from './cases/trouble.ts';
import { type Ids, idOf, insertCases } from './chats.ts';
import { Ages } from './support/ages.ts';
import { hasRowOf } from './support/terminal.ts';
import { createTables, dropReader } from './tables.ts';

const PAGE = 'docs/coder.md';
const ROLE = 'chat_debug';
/** Few enough that no pool is full: a lease takes a slot whatever the chat's state. */
const CASES = [...REST, ...TROUBLE].filter(({ name }) => name !== 'running and archived');
const ASKED_ABOUT = 'an owner that has stopped';

/** Values that the reader has after the last block, in the order of the page. */
interface Followed {
  readonly ran: readonly (Ran & { readonly code: number; readonly block: string })[];
}

describe('the page on a Coder deployment', () => {
  const ids: Ids = new Map();
  const home = mkdtempSync(join(tmpdir(), 'chat-debug-reader-'));
  const state: { database?: TestDatabase & { drop(): Promise<void> }; following?: Following; followed?: Followed } = {};

  beforeAll(async () => {
    const database = await createDatabase('template0');
    state.database = database;
    await createTables(database.pool);
    await insertCases(database.pool, ids, { cases: CASES });
    const ages = new Ages(database.pool);
    await ages.begin();
    const { port, hostname, pathname } = new URL(database.url);
    const values = {
      ...{ password: 'a-password', host: hostname, port, database: pathname.slice(1) },
      chat: idOf(ids, ASKED_ABOUT),
    };
    const following = new Following({ values, port: await freePort(systemClock), home, pool: database.pool });
    state.following = following;
    const ran: Followed['ran'][number][] = [];
    for (const block of blocksOf(PAGE)) {
      await ages.restore();
      ran.push({ block: block.code, ...(await following.run(block)) });
    }
    state.followed = { ran };
  }, 120_000);
  afterAll(async () => {
    await state.following?.end();
    rmSync(home, { recursive: true });
    if (!state.database) return;
    await dropReader(state.database.pool, ROLE);
    await state.database.drop();
  });

  /** Output of the block with these words. */
  const printedBy = (words: string): Ran => {
    const found = state.followed?.ran.filter(({ block }) => block.includes(words)) ?? [];
    if (!found[0] || found.length > 1) throw new Error(`${found.length} blocks have ${words}`);
    return found[0];
  };

  test('keeps the secrets that it has made to whoever made them, and has no block that fails', () => {
    const file = join(home, 'chat-debug.env');
    expect(readFileSync(file, 'utf8')).toMatch(/^AUTH_SECRET=[0-9a-f]{64}$/m);
    expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
    const failed = state.followed?.ran.filter(
      ({ code, block }) => code !== 0 && !block.includes('npm run --silent chat-debug'),
    );
    expect(failed).toEqual([]);
  });

  test('has grants that are enough, and says so before anything runs', () => {
    const { stdout, code } = printedBy('npm run --silent check');
    expect(stdout).toMatch(/^answers +Everything can be answered\.\nplatform +.*\(coder\)$/m);
    expect(code).toBe(0);
  });

  test('comes to a gateway that is ready', () => {
    expect(printedBy('/readyz').stdout).toMatch(/^ok\b/);
  });

  test('lists what is in trouble', () => {
    const { stdout, stderr, code } = printedBy('chat-debug -- stuck');
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    const listed = CASES.filter(({ name }) => hasRowOf(stdout, idOf(ids, name))).map(({ name }) => name);
    expect(listed).toEqual(CASES.filter(({ newest }) => isListed(newest)).map(({ name }) => name));
  });

  test('says of a chat what is the matter', () => {
    const { stdout, stderr, code } = printedBy('chat-debug -- why');
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toMatch(/^STUCK {2}chat /);
    expect(stdout).toMatch(/^CRITICAL {2}OWNER_STOPPED$/m);
  });

  test('has a query that GraphiQL takes', () => {
    expect(JSON.parse(printedBy('chats(filter').stdout)).toMatchObject({
      data: { database: { platform: 'coder', missing: [] }, chats: { edges: expect.any(Array) } },
    });
  });

  test('has the document of a chat', () => {
    expect(JSON.parse(printedBy('/debug/snapshot').stdout)).toMatchObject({
      execution_state: 'R0',
      ...{ runtime: null, reachability: { status: 'not_asked' } },
    });
  });
});
