/** Children of chats: page by page, the lost ones, and only those that the caller may read. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { databasePerFile } from '../../support/database.ts';
import { type ChatColumns, insertChat, queueMessages } from './support/rows.ts';
import { subgraphPerFile, user } from './support/subgraph.ts';

const database = databasePerFile();
const ask = subgraphPerFile(database);

interface Page {
  readonly edges: readonly { cursor: string; node: { chatId: string; executionState?: string } }[];
  readonly pageInfo: {
    hasNextPage: boolean;
    hasPreviousPage: boolean;
    startCursor: string | null;
    endCursor: string | null;
  };
}

const FIELDS =
  'edges { cursor node { chatId executionState } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }';

async function childrenOf(ids: readonly string[], args = '', caller?: Parameters<typeof ask>[2]): Promise<Page[]> {
  const query = `query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { database { children${args} { ${FIELDS} } } } }`;
  const { data, errors } = await ask(query, { ids }, caller);
  expect(errors).toEqual([]);
  const { chatDebugSnapshots } = data as { chatDebugSnapshots: { database: { children: Page } }[] };
  return chatDebugSnapshots.map((snapshot) => snapshot.database.children);
}

const idsOf = (page: Page | undefined) => page?.edges.map(({ node }) => node.chatId);

/** The first was updated last. */
async function family(count: number, columns: Partial<ChatColumns> = {}) {
  const parent = await insertChat(database.pool, { owner_id: columns.owner_id ?? randomUUID() });
  const children: string[] = [];
  for (let i = 0; i < count; i += 1) {
    const updated_at = `now() - interval '${i} s'`;
    const links = { parent_chat_id: parent, root_chat_id: parent };
    children.push(await insertChat(database.pool, { updated_at, ...links, ...columns }));
  }
  return { parent, children };
}

describe('children', () => {
  test('of several chats are each their own, the one updated last first', async () => {
    const [two, three, none] = [await family(2), await family(3), await family(0)];
    const pages = await childrenOf([three.parent, none.parent, two.parent]);
    expect(pages.map(idsOf)).toEqual([three.children, [], two.children]);
    expect(pages[1]?.pageInfo).toEqual({
      hasNextPage: false,
      hasPreviousPage: false,
      startCursor: null,
      endCursor: null,
    });
  });

  test('page by page come to all of them, each once', async () => {
    const { parent, children } = await family(7);
    const seen: string[] = [];
    let after = '';
    for (;;) {
      const [page] = await childrenOf([parent], `(first: 3${after})`);
      seen.push(...(idsOf(page) ?? []));
      if (!page?.pageInfo.hasNextPage) break;
      expect(page.edges).toHaveLength(3);
      after = `, after: "${page.pageInfo.endCursor}"`;
    }
    expect(seen).toEqual(children);
  });

  test.each([0, 101, -1])('%i of them at once are refused', async (first) => {
    const { parent } = await family(1);
    const { data, errors } = await ask(
      `{ chatDebugSnapshot(chatId: "${parent}") { database { status children(first: ${first}) { edges { cursor } } } } }`,
    );
    expect(data?.chatDebugSnapshot).toEqual({ database: { status: 'waiting', children: null } });
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  });

  test('that somebody else owns are not shown', async () => {
    const owner_id = randomUUID();
    const { parent, children } = await family(2, { owner_id });
    const others = await insertChat(database.pool, { parent_chat_id: parent, status: 'error' });
    expect(idsOf((await childrenOf([parent], '', user(owner_id)))[0])).toEqual(children);
    expect(idsOf((await childrenOf([parent]))[0])?.sort()).toEqual([...children, others].sort());
    const lost = `{ chatDebugSnapshot(chatId: "${parent}") { database { lostChildren { chatId } } } }`;
    expect((await ask(lost, {}, user(owner_id))).data).toEqual({
      chatDebugSnapshot: { database: { lostChildren: [] } },
    });
    expect((await ask(lost)).data).toEqual({ chatDebugSnapshot: { database: { lostChildren: [{ chatId: others }] } } });
  });

  test('that name themselves as their parent are nobody’s', async () => {
    const id = randomUUID();
    await insertChat(database.pool, { id, parent_chat_id: id, root_chat_id: id, status: 'paused' });
    expect((await childrenOf([id])).map(idsOf)).toEqual([[]]);
    const { data } = await ask(`{ chatDebugSnapshot(chatId: "${id}") { database { lostChildren { chatId } } } }`);
    expect(data).toEqual({ chatDebugSnapshot: { database: { lostChildren: [] } } });
  });

  test('have children themselves', async () => {
    const { parent, children } = await family(1);
    const grandchild = await insertChat(database.pool, { parent_chat_id: children[0] ?? '', root_chat_id: parent });
    const deep =
      'children { edges { node { chatId database { parentChatId children { edges { node { chatId } } } } } } }';
    const { data, errors } = await ask(`{ chatDebugSnapshot(chatId: "${parent}") { database { ${deep} } } }`);
    expect(errors).toEqual([]);
    const inner = { edges: [{ node: { chatId: grandchild } }] };
    expect(data?.chatDebugSnapshot).toEqual({
      database: {
        children: { edges: [{ node: { chatId: children[0], database: { parentChatId: parent, children: inner } } }] },
      },
    });
  });
});

describe('lost children', () => {
  const lostOf = async (parent: string) => {
    const { data, errors } = await ask(
      `{ chatDebugSnapshot(chatId: "${parent}") { database { lostChildren { chatId executionState } } } }`,
    );
    expect(errors).toEqual([]);
    return (data as { chatDebugSnapshot: { database: { lostChildren: { chatId: string; executionState: string }[] } } })
      .chatDebugSnapshot.database.lostChildren;
  };

  test('are the invalid, the failed and the archived ones, the worst first', async () => {
    const { parent } = await family(0);
    const child = (columns: Partial<ChatColumns>) => insertChat(database.pool, { parent_chat_id: parent, ...columns });
    await child({ status: 'waiting' });
    await child({ status: 'running' });
    await child({ status: 'requires_action' });
    const archived = await child({ status: 'waiting', archived: true });
    const failed = await child({ status: 'error' });
    const blocked = await child({ status: 'error' });
    await queueMessages(database.pool, blocked, 1);
    const odd = await child({ status: 'waiting', updated_at: "now() + interval '1 s'" });
    await queueMessages(database.pool, odd, 2);
    expect(await lostOf(parent)).toEqual([
      { chatId: odd, executionState: 'INVALID' },
      { chatId: blocked, executionState: 'E1' },
      { chatId: failed, executionState: 'E0' },
      { chatId: archived, executionState: 'XW' },
    ]);
    const paused = await child({ status: 'paused' });
    const failedLater = await child({ status: 'error', updated_at: "now() + interval '1 s'" });
    expect((await lostOf(parent)).map(({ chatId }) => chatId)).toEqual([odd, paused, blocked, failedLater, failed]);
  });

  test.each([1, 2, 3, 7])('are those in a circle of %i that wait for each other, as long as all wait', async (size) => {
    const ids = Array.from({ length: size }, () => randomUUID());
    for (const id of ids) await insertChat(database.pool, { id, status: 'requires_action' });
    const below = ids.map((id, i) => ({ id, parent: ids[(i + 1) % size] ?? id }));
    for (const { id, parent } of below) {
      await database.pool.query('UPDATE chats SET parent_chat_id = $2 WHERE id = $1', [id, parent]);
    }
    const outside = await insertChat(database.pool, { status: 'requires_action', parent_chat_id: ids[0] ?? null });
    for (const { id, parent } of below) expect(await lostOf(parent)).toEqual([{ chatId: id, executionState: 'A0' }]);
    expect(await lostOf(outside)).toEqual([]);
    await database.pool.query(`UPDATE chats SET status = 'running' WHERE id = $1`, [ids[0]]);
    expect(await lostOf(below[0]?.parent ?? '')).toEqual([]);
  });

  test('are five of many, and none where all is well', async () => {
    const { parent } = await family(12, { status: 'error', archived: true });
    expect(await lostOf(parent)).toHaveLength(5);
    const { parent: healthy } = await family(4);
    expect(await lostOf(healthy)).toEqual([]);
  });
});

describe('the list', () => {
  const list = async (filter: string) => {
    const { data, errors } = await ask(`{ chats(filter: { ${filter} }, first: 100) { edges { node { chatId } } } }`);
    expect(errors).toEqual([]);
    return (data as { chats: Page }).chats.edges.map(({ node }) => node.chatId);
  };

  test('is narrowed to the children of a chat, and to a family without its first chat', async () => {
    const { parent, children } = await family(3);
    const grandchild = await insertChat(database.pool, {
      ...{ parent_chat_id: children[0] ?? '', root_chat_id: parent, status: 'error' },
      updated_at: "now() - interval '1 day'",
    });
    await database.pool.query('UPDATE chats SET root_chat_id = id WHERE id = $1', [parent]); // some systems write that
    expect(await list(`parentChatId: "${parent}"`)).toEqual(children);
    expect(await list(`rootChatId: "${parent}"`)).toEqual([...children, grandchild]);
    expect(await list(`rootChatId: "${parent}", executionState: [E0]`)).toEqual([grandchild]);
    expect(await list(`parentChatId: "${children[0]}"`)).toEqual([grandchild]);
    expect(await list(`parentChatId: "${randomUUID()}"`)).toEqual([]);
  });
});
