import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { executionState } from '../../../../domain/executionState.ts';
import { textContent } from '../../../../domain/messages.ts';
import { ChatNotFound, type Transition, TransitionRefused } from '../../../../domain/transitions.ts';
import { readChats } from '../../../../subgraphs/runtime/chatd/chatState.ts';
import { ChatStore } from '../../../../subgraphs/runtime/chatd/chatStore.ts';
import { databasePerFile } from '../../../support/database.ts';

const database = databasePerFile();
const ownerId = randomUUID();
let store: ChatStore;
beforeAll(() => {
  store = new ChatStore(database.pool);
});

const create = () => store.create({ ownerId, text: 'hello' });
const send: Transition = { name: 'send', message: { content: textContent('more'), createdBy: ownerId } };
const answer: Transition = { name: 'commitStep', messages: [{ role: 'assistant', content: textContent('hi') }] };
const failed: Transition = {
  name: 'finishError',
  error: { kind: 'k', message: 'm', provider: 'p', status_code: null, retryable: false },
};
const row = async (id: string) => (await database.pool.query('SELECT * FROM chats WHERE id = $1', [id])).rows[0];

describe('the chat store', () => {
  test('a new chat starts at snapshot and history version 1, the others 0', async () => {
    const chat = await create();
    expect(executionState(chat)).toBe('R0');
    expect(chat).toMatchObject({ snapshotVersion: 1, historyVersion: 1, queueVersion: 0, generationAttempt: 0 });
  });

  test('what a person writes is taken whatever is in it: what Postgres cannot hold is replaced', async () => {
    const odd = 'a\u0000b\ud800';
    const { id } = await store.create({ ownerId, text: odd });
    await store.apply(id, { name: 'send', message: { content: textContent(odd), createdBy: ownerId } });
    await store.apply(id, answer, { name: 'finishTurn' });
    const { rows } = await database.pool.query('SELECT content FROM chat_messages WHERE chat_id = $1 ORDER BY id', [
      id,
    ]);
    expect(rows.map(({ content }) => content[0].text)).toEqual(['a\ufffdb\ufffd', 'hi', 'a\ufffdb\ufffd']);
    expect((await row(id)).title).toBe('a\ufffdb\ufffd');
  });

  test('several transitions are one version, and a message moves the history to it and resets the attempts', async () => {
    const { id } = await create();
    const tried = await store.apply(id, { name: 'recordGenerationAttempt' });
    expect(tried).toMatchObject({ snapshotVersion: 2, historyVersion: 1, generationAttempt: 1 });
    const done = await store.apply(id, answer, { name: 'finishTurn' });
    expect(done).toMatchObject({ status: 'waiting', snapshotVersion: 3, historyVersion: 3, generationAttempt: 0 });
  });

  test('a queued message moves the queue version only, and a promoted one both', async () => {
    const { id } = await create();
    const queued = await store.apply(id, send);
    expect(queued).toMatchObject({ queueDepth: 1, snapshotVersion: 2, historyVersion: 1, queueVersion: 2 });
    const promoted = await store.apply(id, answer, { name: 'finishTurn' });
    expect(promoted).toMatchObject({
      queueDepth: 0,
      status: 'running',
      snapshotVersion: 3,
      historyVersion: 3,
      queueVersion: 3,
    });
  });

  test('sending behind an error promotes the oldest message, queues the new one, and clears the error', async () => {
    const { id } = await create();
    await store.apply(id, send);
    expect(executionState(await store.apply(id, failed))).toBe('E1');
    expect((await row(id)).last_error).toMatchObject({ kind: 'k' });
    const chat = await store.apply(id, {
      name: 'send',
      message: { content: textContent('newest'), createdBy: ownerId },
    });
    expect(executionState(chat)).toBe('R1');
    expect((await row(id)).last_error).toBeNull();
    const { rows } = await database.pool.query(
      `SELECT content FROM chat_messages WHERE chat_id = $1 UNION ALL SELECT content FROM chat_queued_messages WHERE chat_id = $1`,
      [id],
    );
    expect(rows.map(({ content }) => content[0].text)).toEqual(['hello', 'more', 'newest']);
  });

  test('a retry is written down with a time of the database, and a new attempt clears it', async () => {
    const { id } = await create();
    const retry = { attempt: 1, error: 'no', kind: 'overloaded' };
    await store.apply(id, { name: 'recordRetryState', retry, delayMs: 60_000 });
    const { retry_state, retry_state_version, updated_at } = await row(id);
    expect(retry_state).toEqual({ ...retry, retrying_at: expect.any(String) });
    expect(new Date(retry_state.retrying_at).getTime() - updated_at.getTime()).toBe(60_000);
    expect(retry_state_version).toBe('2');
    await store.apply(id, { name: 'recordGenerationAttempt' });
    expect(await row(id)).toMatchObject({ retry_state: null, retry_state_version: '3' });
  });

  test('what the state does not allow is refused, named, and changes nothing', async () => {
    const { id } = await create();
    const refused = store.apply(id, { name: 'archive' });
    await expect(refused).rejects.toEqual(new TransitionRefused('archive', 'R0'));
    expect(await row(id)).toMatchObject({ snapshot_version: '1', archived: false });
    await expect(store.apply(randomUUID(), send)).rejects.toThrow(ChatNotFound);
  });

  test('an edit deletes what came after, clears the queue, and puts the new message in its place', async () => {
    const { id } = await create();
    await store.apply(id, answer, { name: 'finishTurn' });
    await store.apply(id, send);
    await store.apply(id, send);
    const { rows: before } = await database.pool.query<{ id: string; role: string }>(
      'SELECT id, role::text FROM chat_messages WHERE chat_id = $1 ORDER BY id',
      [id],
    );
    const edit = (messageId = '0'): Transition => ({
      ...{ name: 'edit', messageId },
      message: { content: textContent('instead'), createdBy: ownerId },
    });
    const assistant = before.find(({ role }) => role === 'assistant');
    await expect(store.apply(id, edit(assistant?.id))).rejects.toThrow('the chat has no such message of a person');
    expect(executionState(await store.apply(id, edit(before[2]?.id)))).toBe('R0');
    const { rows } = await database.pool.query(
      'SELECT role::text, deleted, revision::int FROM chat_messages WHERE chat_id = $1 ORDER BY id',
      [id],
    );
    expect(rows).toEqual([
      { role: 'user', deleted: false, revision: 1 },
      { role: 'assistant', deleted: false, revision: 2 },
      { role: 'user', deleted: true, revision: 5 },
      { role: 'user', deleted: false, revision: 5 },
    ]);
  });

  test('a promoted message is the next to be answered, before older ones', async () => {
    const { id } = await create();
    for (const text of ['one', 'two']) {
      await store.apply(id, { name: 'send', message: { content: textContent(text), createdBy: ownerId } });
    }
    await store.apply(id, failed);
    const { rows } = await database.pool.query('SELECT id FROM chat_queued_messages WHERE chat_id = $1 ORDER BY id', [
      id,
    ]);
    expect(executionState(await store.apply(id, { name: 'promoteQueued', queuedId: rows[1].id }))).toBe('R1');
    const { rows: history } = await database.pool.query(
      'SELECT content FROM chat_messages WHERE chat_id = $1 ORDER BY id',
      [id],
    );
    expect(history.map(({ content }) => content[0].text)).toEqual(['hello', 'two']);
    await expect(store.apply(id, { name: 'deleteQueued', queuedId: rows[1].id })).rejects.toThrow(
      'no such queued message',
    );
  });

  test('a first chat is archived with its whole family, or not at all', async () => {
    const root = await create();
    const child = await store.create({ ownerId, text: 'child', parentId: root.id });
    const grandchild = await store.create({ ownerId, text: 'grandchild', parentId: child.id });
    const states = async () =>
      (await readChats(database.pool, [root.id, child.id, grandchild.id])).map(executionState).sort();
    await store.apply(root.id, { name: 'finishTurn' });
    await store.apply(child.id, failed);
    await expect(store.apply(root.id, { name: 'archive' })).rejects.toThrow('the chat is in state R0');
    expect(await states()).toEqual(['E0', 'R0', 'W']);
    await store.apply(grandchild.id, { name: 'finishTurn' });
    await store.apply(root.id, { name: 'archive' });
    expect(await states()).toEqual(['XE0', 'XW', 'XW']);
    const alone = store.apply(child.id, { name: 'unarchive' });
    await expect(alone).rejects.toThrow(`its parent ${root.id} is archived`);
    await store.apply(root.id, { name: 'unarchive' });
    expect(await states()).toEqual(['E0', 'W', 'W']);
    expect(executionState(await store.apply(child.id, { name: 'archive' }))).toBe('XE0');
    expect(await states()).toEqual(['W', 'W', 'XE0']);
  });

  test('archiving keeps the error, and can be undone', async () => {
    const { id } = await create();
    await store.apply(id, failed);
    expect(executionState(await store.apply(id, { name: 'archive' }))).toBe('XE0');
    expect(executionState(await store.apply(id, { name: 'unarchive' }))).toBe('E0');
    expect((await row(id)).last_error).toMatchObject({ kind: 'k' });
  });

  test.each([
    ['another runner', { runnerId: randomUUID() }],
    ['another status', { status: 'interrupting' }],
    ['another history', { historyVersion: 7 }],
  ])('a write that is fenced with %s does nothing, and gets the newer state', async (_what, other) => {
    const { id } = await create();
    const runnerId = randomUUID();
    await database.pool.query('UPDATE chats SET worker_id = $2, runner_id = $3 WHERE id = $1', [
      id,
      randomUUID(),
      runnerId,
    ]);
    const fence = { runnerId, status: 'running', historyVersion: 1, ...other };
    expect(await store.applyFenced(id, fence, answer)).toMatchObject({
      kind: 'lost',
      chat: { id, snapshotVersion: 2 },
    });
    expect(await row(id)).toMatchObject({ snapshot_version: '2', history_version: '1' });
    expect(
      await store.applyFenced(id, { ...fence, runnerId, status: 'running', historyVersion: 1 }, answer),
    ).toMatchObject({
      kind: 'done',
    });
  });

  test('twenty senders at once leave no gap in the versions and no message out of place', async () => {
    const { id } = await create();
    await Promise.all(Array.from({ length: 20 }, () => store.apply(id, send)));
    expect(await row(id)).toMatchObject({ snapshot_version: '21', queue_version: '21' });
    const { rows } = await database.pool.query(
      'SELECT position::int FROM chat_queued_messages WHERE chat_id = $1 ORDER BY position',
      [id],
    );
    expect(rows.map(({ position }) => position)).toEqual(Array.from({ length: 20 }, (_, place) => place + 1));
  });
});
