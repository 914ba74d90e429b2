import { randomUUID } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { systemClock } from '../../../../common/clock.ts';
import { executionState } from '../../../../domain/executionState.ts';
import { textContent } from '../../../../domain/messages.ts';
import type { Transition } from '../../../../domain/transitions.ts';
import { builtInModel } from '../../../../subgraphs/runtime/chatd/builtInModel.ts';
import { ChatStore } from '../../../../subgraphs/runtime/chatd/chatStore.ts';
import { openCalls } from '../../../../subgraphs/runtime/chatd/openCalls.ts';
import { chatWaits } from '../../../support/chatWaits.ts';
import { databasePerFile } from '../../../support/database.ts';
import { manualClock } from '../../../support/manualClock.ts';
import { askReplica, readStream, replicasPerTest } from '../../../support/replica.ts';
import { until } from '../../../support/until.ts';

const database = databasePerFile();
const startReplica = replicasPerTest(() => database.url);
const ownerId = randomUUID();
let store: ChatStore;
beforeAll(() => {
  store = new ChatStore(database.pool);
});
beforeEach(async () => {
  await database.pool.query('TRUNCATE chats CASCADE'); // the replica of the test before has left its chats to be taken
});

const waitFor = chatWaits(() => database.pool);

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
    // A renewal that is under way when a chat is given up may leave a lease, which is cleaned up later: here there is none.
    await startReplica({ heartbeatIntervalSeconds: 600, staleAfterSeconds: 1_800 });
    const { id } = await store.create({ ownerId, text: 'hello' });
    const chat = await waitFor(id, (now) => now.status === 'waiting' && now.workerId === null);
    expect(executionState(chat)).toBe('W');
    expect((await messages(id)).map(({ role }) => role)).toEqual(['user', 'assistant']);
    const { rows } = await database.pool.query('SELECT * FROM chat_heartbeats WHERE chat_id = $1', [id]);
    expect(rows).toEqual([]);
  });

  test('told to drain gives up what it holds at its next beat and takes nothing, until it may again', async () => {
    const replica = await startReplica({ heartbeatIntervalSeconds: 0.1, acquisitionIntervalSeconds: 0.1 });
    const mine = (chat: { workerId: string | null }) => chat.workerId === replica.workerId;
    const drain = () =>
      database.pool.query(`INSERT INTO chat_debug_drains (replica_id, by, reason) VALUES ($1, 'a test', 'a test')`, [
        replica.workerId,
      ]);
    const { id } = await store.create({ ownerId, text: '/tool ask_outside' });
    await waitFor(id, (now) => mine(now) && now.status === 'requires_action');
    await drain();
    const given = await waitFor(id, ({ workerId }) => workerId === null);
    const other = await store.create({ ownerId, text: 'hello' });
    await until('it has beaten again', async () => {
      const { rows } = await database.pool.query(
        `SELECT updated_at > (SELECT created_at + interval '1 second' FROM chats WHERE id = $2) AS beaten FROM replicas WHERE id = $1`,
        [replica.workerId, other.id],
      );
      return rows[0]?.beaten;
    });
    expect((await waitFor(other.id, () => true)).workerId).toBeNull();
    expect((await waitFor(id, () => true)).snapshotVersion).toBe(given.snapshotVersion); // given up once
    await database.pool.query('DELETE FROM chat_debug_drains');
    await waitFor(id, mine);
    await waitFor(other.id, (now) => now.status === 'waiting');
  });

  test('that cannot see whether it is to drain says so once, and once that it sees it again', async () => {
    const lines: { msg?: string; err?: unknown }[] = [];
    const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
    const said = (what: RegExp) => lines.filter(({ msg }) => what.test(msg ?? ''));
    await startReplica({ heartbeatIntervalSeconds: 0.1, log });
    const rename = (from: string, to: string) => database.pool.query(`ALTER TABLE ${from} RENAME TO ${to}`);
    await rename('chat_debug_drains', 'moved_away');
    try {
      await until('it has said so', () => said(/cannot be seen/).length > 0);
      await systemClock.sleep(500); // several beats
    } finally {
      await rename('moved_away', 'chat_debug_drains');
    }
    await until('it sees it again', () => said(/is seen again/).length > 0);
    expect(said(/cannot be seen/)).toEqual([expect.objectContaining({ reason: '42P01' })]);
    expect(lines.filter(({ err }) => err !== undefined)).toEqual([]);
  });

  test('runs the tool that the model calls, and lets the model answer with the result', async () => {
    await startReplica();
    const { id } = await store.create({ ownerId, text: '/tool add_numbers' });
    await waitFor(id, (now) => now.status === 'waiting');
    const history = await messages(id);
    expect(history.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant']);
    expect(JSON.stringify(history[2]?.content)).toContain('"sum":5');
  });

  test('waits for the tools that it does not run, and commits the results of those that it does with the calls', async () => {
    await startReplica();
    const { id } = await store.create({ ownerId, text: '/tool add_numbers,ask_person,ask_other' });
    await waitFor(id, (now) => now.status === 'requires_action');
    const history = await messages(id);
    expect(history.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool']);
    const calls = openCalls(history);
    expect(calls.map((call) => call.toolName)).toEqual(['ask_person', 'ask_other']);

    const results = calls.map(({ toolCallId }, place) => ({ toolCallId, output: { place } }));
    const half = store.apply(id, { name: 'completeRequiresAction', results: results.slice(1) });
    await expect(half).rejects.toThrow(`no result was given for the call ${calls[0]?.toolCallId}`);
    await store.apply(id, { name: 'completeRequiresAction', results });
    await waitFor(id, (now) => now.status === 'waiting');
    const roles = (await messages(id)).map(({ role }) => role);
    expect(roles).toEqual(['user', 'assistant', 'tool', 'tool', 'assistant']);
  });

  test('cancels the calls that nobody answered when the deadline passes, and goes on', async () => {
    await startReplica({ actionTimeoutSeconds: 0.4 });
    const { id } = await store.create({ ownerId, text: '/tool ask_person' });
    await waitFor(id, (now) => now.status === 'requires_action' && now.deadlineInMs !== null);
    const chat = await waitFor(id, (now) => now.status === 'waiting');
    expect(chat.deadlineInMs).toBeNull();
    expect(JSON.stringify((await messages(id))[2]?.content)).toContain('cancelled');
  });

  test('acts on a deadline that passed while no worker ran', async () => {
    const { id } = await store.create({ ownerId, text: '/tool ask_person' });
    const call = { type: 'tool-call', toolCallId: 'c1', toolName: 'ask_person', input: {} };
    const step: Transition = { name: 'commitStep', messages: [{ role: 'assistant', content: [call] }] };
    await store.apply(id, step, { name: 'enterRequiresAction', timeoutSeconds: -3600 });
    await startReplica();
    await waitFor(id, (now) => now.status === 'waiting');
    expect((await messages(id)).map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant']);
  });

  test('takes no more chats than it has room for, and says so', async () => {
    const full = await startReplica({ maxRunners: 2 });
    await Promise.all(['/stall', '/stall', '/stall'].map((text) => store.create({ ownerId, text })));
    const look = () =>
      askReplica(full, '... on ReplicaRuntime { isFull runnerCount }', [
        { __typename: 'ReplicaRuntime', workerId: full.workerId },
      ]);
    const seen = await until('the replica is full', async () => {
      const [replica] = ((await look()).body.data?._entities ?? []) as { isFull: boolean; runnerCount: number }[];
      return replica?.isFull && replica;
    });
    expect(seen).toEqual({ isFull: true, runnerCount: 2 });
    const { rows } = await database.pool.query('SELECT count(*)::int AS taken FROM chats WHERE worker_id = $1', [
      full.workerId,
    ]);
    expect(rows).toEqual([{ taken: 2 }]);
  });

  test('takes the next waiting chat as soon as it has room again, not at the next interval', async () => {
    const chats = await Promise.all(['one', 'two', 'three'].map((text) => store.create({ ownerId, text })));
    await startReplica({ maxRunners: 1, acquisitionIntervalSeconds: 3600 });
    for (const { id } of chats) await waitFor(id, (now) => now.status === 'waiting' && now.workerId === null);
  });

  test('records a failure of the model, tries again, and forgets it when the model answers', async () => {
    await startReplica();
    const { id } = await store.create({ ownerId, text: '/fail 1' });
    await until('the chat waits for its next attempt', () => column(id, 'retry_state'));
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
    const { id } = await store.create({ ownerId, text: '/slow 4' });
    await waitFor(id, (now) => now.workerId !== null);
    const queued = await store.apply(id, {
      name: 'send',
      message: { content: textContent('next'), createdBy: ownerId },
    });
    expect(executionState(queued)).toBe('R1');
    await waitFor(id, (now) => now.status === 'waiting');
    expect((await messages(id)).map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant']);
  });

  test('believes a row that somebody changed by hand without counting a version, and does not try again and again', async () => {
    await startReplica();
    const { id } = await store.create({ ownerId, text: '/fail' });
    await until('the chat waits for its next attempt', () => column(id, 'retry_state'));
    await database.pool.query(`UPDATE chats SET status = 'waiting' WHERE id = $1`, [id]);
    const chat = await waitFor(id, (now) => now.workerId === null);
    expect(chat.status).toBe('waiting');
  });

  test.each(['/slow please', '/slow'])('%s streams for a while, then ends', async (text) => {
    const clock = manualClock();
    const { stream } = await builtInModel(clock).doStream({
      prompt: [{ role: 'user', content: [{ type: 'text', text }] }],
    });
    const reading = (async () => {
      let last: unknown;
      for await (const part of stream) last = part;
      return last;
    })();
    let ended = false;
    void reading.then(() => {
      ended = true;
    });
    await until('the stream ends', () => {
      clock.advance(250);
      return ended;
    });
    expect(await reading).toMatchObject({ type: 'finish' });
  });

  test('hands a hundred chats over before it has stopped working on them', async () => {
    const full = await startReplica({ staleAfterSeconds: 3600, maxRunners: 100 });
    await database.pool.query(`
      BEGIN;
      INSERT INTO chats (owner_id, status) SELECT gen_random_uuid(), 'running' FROM generate_series(1, 100);
      INSERT INTO chat_messages (chat_id, role, content) SELECT id, 'user', '[{"type": "text", "text": "/stall"}]' FROM chats;
      COMMIT`);
    const owned = async () =>
      (await database.pool.query('SELECT count(*)::int AS n FROM chats WHERE worker_id = $1', [full.workerId])).rows[0]
        ?.n;
    await until('the replica has all chats', async () => (await owned()) === 100);
    await full.stop();
    expect(await owned()).toBe(0);
    const { rows } = await database.pool.query('SELECT FROM chat_heartbeats');
    expect(rows).toEqual([]);
  });

  test('hands its chats over when it stops, and another one goes on at once', async () => {
    const first = await startReplica({ staleAfterSeconds: 3600 });
    const { id } = await store.create({ ownerId, text: '/slow 6' });
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
