import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type ChatState, readChats, stateOf } from '../../../../subgraphs/runtime/chatd/chatState.ts';
import { ChatStore } from '../../../../subgraphs/runtime/chatd/chatStore.ts';
import { textContent } from '../../../../subgraphs/runtime/chatd/messages.ts';
import { databasePerFile } from '../../../support/database.ts';
import { readStream, replicasPerTest } from '../../../support/replica.ts';
import { until } from '../../../support/until.ts';

const database = databasePerFile();
const startReplica = replicasPerTest(() => database.url);
const ownerId = randomUUID();
let store: ChatStore;
beforeAll(() => {
  store = new ChatStore(database.pool);
});

const read = async (id: string): Promise<ChatState> => {
  const [chat] = await readChats(database.pool, [id]);
  if (!chat) throw new Error('the chat is gone');
  return chat;
};

const waitFor = (id: string, holds: (chat: ChatState) => boolean) =>
  until(async () => {
    const chat = await read(id);
    return holds(chat) && chat;
  });

async function messages(id: string) {
  const { rows } = await database.pool.query<{ role: string; content: unknown; revision: string }>(
    'SELECT role::text, content, revision FROM chat_messages WHERE chat_id = $1 ORDER BY id',
    [id],
  );
  return rows;
}

const column = async (id: string, name: 'last_error' | 'retry_state') =>
  (await database.pool.query(`SELECT ${name} AS value FROM chats WHERE id = $1`, [id])).rows[0]?.value;

describe('a chat worker', () => {
  test('answers a new chat once, and gives it up', async () => {
    await startReplica();
    const { id } = await store.create({ ownerId, text: 'hello' });
    const chat = await waitFor(id, (now) => now.status === 'waiting' && now.workerId === null);
    expect(stateOf(chat)).toBe('W');
    expect((await messages(id)).map(({ role }) => role)).toEqual(['user', 'assistant']);
    const { rows } = await database.pool.query('SELECT * FROM chat_heartbeats WHERE chat_id = $1', [id]);
    expect(rows).toEqual([]);
  });

  test('runs the tool that the model calls, and lets the model answer with the result', async () => {
    await startReplica();
    const { id } = await store.create({ ownerId, text: '/tool add_numbers' });
    await waitFor(id, (now) => now.status === 'waiting');
    const history = await messages(id);
    expect(history.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant']);
    expect(JSON.stringify(history[2]?.content)).toContain('"sum":5');
  });

  test('ends the turn with an error when the model calls a tool that there is not', async () => {
    await startReplica();
    const { id } = await store.create({ ownerId, text: '/tool launch_rocket' });
    await waitFor(id, (now) => now.status === 'error');
    expect(await column(id, 'last_error')).toMatchObject({ kind: 'unknown_tool', retryable: false });
    expect((await messages(id)).map(({ role }) => role)).toEqual(['user', 'assistant', 'tool']);
  });

  test('records a failure of the model, tries again, and forgets it when the model answers', async () => {
    await startReplica();
    const { id } = await store.create({ ownerId, text: '/fail 1' });
    await until(() => column(id, 'retry_state'));
    expect(await column(id, 'retry_state')).toMatchObject({
      attempt: 1,
      kind: 'overloaded',
      retrying_at: expect.any(String),
    });
    const chat = await waitFor(id, (now) => now.status === 'waiting');
    expect(await column(id, 'retry_state')).toBeNull();
    expect(chat.generationAttempt).toBe(0);
  });

  test('gives up on a model that keeps failing after the last attempt', async () => {
    await startReplica({ maxAttempts: 1 });
    const { id } = await store.create({ ownerId, text: '/fail' });
    await waitFor(id, (now) => now.status === 'error' && now.workerId === null);
    expect(await column(id, 'last_error')).toEqual({
      kind: 'overloaded',
      message: 'The built-in model was told to fail',
      provider: 'built-in',
      status_code: 503,
      retryable: true,
    });
  });

  test('commits what was streamed when the person interrupts, and nothing after it', async () => {
    const replica = await startReplica();
    const { id } = await store.create({ ownerId, text: '/stall' });
    await waitFor(id, (now) => now.workerId === replica.workerId && now.generationAttempt === 1);
    const streamed: string[] = [];
    for await (const { event, data } of readStream(replica, id)) {
      const text = event === 'part' ? (JSON.parse(data) as { part: { text: string } }).part.text : '';
      streamed.push(text);
      if (streamed.length === 4) await store.apply(id, { name: 'interrupt' });
    }
    await waitFor(id, (now) => now.status === 'waiting' && now.workerId === null);
    const history = await messages(id);
    expect(history.map(({ role }) => role)).toEqual(['user', 'assistant']);
    expect(history[1]?.content).toEqual(textContent(streamed.join('')));
    expect(streamed.length).toBeGreaterThan(4);
  });

  test('goes on with the queue when a turn ends', async () => {
    await startReplica();
    const { id } = await store.create({ ownerId, text: '/slow 1' });
    await waitFor(id, (now) => now.workerId !== null);
    const queued = await store.apply(id, { name: 'send', content: textContent('next'), createdBy: ownerId });
    expect(stateOf(queued)).toBe('R1');
    await waitFor(id, (now) => now.status === 'waiting');
    expect((await messages(id)).map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant']);
  });

  test('hands its chats over when it stops, and another one goes on at once', async () => {
    const first = await startReplica({ staleAfterSeconds: 3600 });
    const { id } = await store.create({ ownerId, text: '/slow 2' });
    await waitFor(id, (now) => now.workerId === first.workerId && now.generationAttempt === 1);
    const second = await startReplica({ staleAfterSeconds: 3600, acquisitionIntervalSeconds: 3600 });
    await first.stop();
    await waitFor(id, (now) => now.workerId === second.workerId);
    await waitFor(id, (now) => now.status === 'waiting');
    expect((await messages(id)).map(({ role }) => role)).toEqual(['user', 'assistant']);
    const { rows } = await database.pool.query('SELECT stopped_at FROM replicas WHERE id = $1', [first.workerId]);
    expect(rows[0]?.stopped_at).toBeInstanceOf(Date);
  });
});
