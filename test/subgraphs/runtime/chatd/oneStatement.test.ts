/** The quick way of a fenced write leaves the same rows as the slow one, or nothing. */
import { randomUUID } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type NewMessage, textContent } from '../../../../domain/messages.ts';
import type { Transition } from '../../../../domain/transitions.ts';
import { acquireChats } from '../../../../subgraphs/runtime/chatd/acquisition.ts';
import { type ChatState, readChats } from '../../../../subgraphs/runtime/chatd/chatState.ts';
import { ChatStore, type WriteOutcome } from '../../../../subgraphs/runtime/chatd/chatStore.ts';
import { planStatement, run } from '../../../../subgraphs/runtime/chatd/oneStatement.ts';
import { chatWaits } from '../../../support/chatWaits.ts';
import { databasePerFile } from '../../../support/database.ts';
import { whileHolding } from '../../../support/locks.ts';
import { startPostgresProxy } from '../../../support/postgresProxy.ts';
import { replicasPerTest } from '../../../support/replica.ts';

const database = databasePerFile();
const startReplica = replicasPerTest(() => database.url);
const waitFor = chatWaits(() => database.pool);
const ownerId = randomUUID();
let store: ChatStore;
beforeAll(() => {
  store = new ChatStore(database.pool);
});
beforeEach(async () => {
  await database.pool.query('TRUNCATE chats CASCADE');
});

const message = { content: textContent('more'), createdBy: ownerId };
const answer: NewMessage = { role: 'assistant', content: textContent('hi'), finishReason: 'stop' };
const silent: NewMessage = { role: 'assistant', content: [], finishReason: 'stop' };
const error = { kind: 'k', message: 'm\0', provider: 'p', status_code: null, retryable: false };
const step: Transition = { name: 'commitStep', messages: [answer, { role: 'tool', content: [] }] };

/** A chat of a worker, after these transitions of persons and of the worker. */
async function owned(before: readonly Transition[]): Promise<ChatState & { runnerId: string }> {
  const { id } = await store.create({ ownerId, text: 'hello' });
  const by = { workerId: randomUUID(), staleAfterSeconds: 30, clockAheadSeconds: 2, limit: 1, except: [] };
  await acquireChats(database.pool, by);
  for (const transition of before) await store.apply(id, transition);
  const [chat] = await readChats(database.pool, [id]);
  return { ...(chat as ChatState), runnerId: chat?.runnerId ?? '' };
}

const fenceOf = ({ runnerId, status, historyVersion }: ChatState & { runnerId: string }) => ({
  ...{ runnerId, status, historyVersion },
});

/** All that the tables hold of the chat, but for names and times. */
async function rowsOf(chatId: string) {
  const { rows } = await database.pool.query(
    `SELECT to_jsonb(chats) - '{id,worker_id,runner_id,created_at,updated_at,retry_state,requires_action_deadline_at}'::text[] AS chat,
       worker_id IS NULL AS "isFree", runner_id IS NULL AS "isUndriven", retry_state - 'retrying_at' AS retry,
       round(extract(epoch FROM (retry_state ->> 'retrying_at')::timestamptz - updated_at)) AS delay,
       round(extract(epoch FROM requires_action_deadline_at - updated_at)) AS deadline,
       (SELECT jsonb_agg(to_jsonb(said) - '{id,chat_id,created_at}'::text[] ORDER BY id)
        FROM chat_messages said WHERE chat_id = chats.id) AS messages,
       (SELECT count(*)::int FROM chat_heartbeats WHERE chat_id = chats.id) AS leases
     FROM chats WHERE id = $1`,
    [chatId],
  );
  return rows[0];
}

const isAtRest = ({ status }: ChatState) => status === 'waiting' || status === 'error';

/** As a worker does it the slow way: in transactions of several statements, with a release of its own. */
async function slowly(chat: ChatState & { runnerId: string }, transitions: readonly Transition[]) {
  const outcome = await store.applyFenced(chat.id, fenceOf(chat), ...transitions);
  const { id, runnerId } = chat;
  if (outcome.chat && isAtRest(outcome.chat)) await store.applyFenced(id, { runnerId }, { name: 'abandon' });
}

describe('the same rows as the slow way, in one statement', () => {
  const attempt: Transition = { name: 'recordGenerationAttempt' };
  const interrupt: Transition = { name: 'interrupt' };
  const outside: Transition = { name: 'enterRequiresAction', timeoutSeconds: 300 };
  const retry: Transition = { name: 'recordRetryState', retry: { attempt: 1, error: 'e', kind: 'k' }, delayMs: 60_000 };
  const finish: Transition = { name: 'finishTurn' };
  test.each<[what: string, before: Transition[], transitions: Transition[]]>([
    ['an attempt', [], [attempt]],
    ['an attempt after a pause', [attempt, retry], [attempt]],
    ['a pause', [attempt], [retry]],
    ['a step', [attempt], [step]],
    ['a step after a pause', [attempt, retry, attempt], [step]],
    ['the last step', [attempt], [step, finish]],
    ['a last step without a word', [], [{ name: 'commitStep', messages: [silent] }, finish]],
    ['a step that waits for somebody', [attempt], [step, outside]],
    ['a failure', [attempt], [{ name: 'finishError', error }]],
    ['an interruption', [attempt, interrupt], [{ name: 'finishInterruption', messages: [answer] }]],
    ['an interruption without a word', [attempt, interrupt], [{ name: 'finishInterruption', messages: [] }]],
    ['a failure before a queue', [attempt, { name: 'send', message }], [{ name: 'finishError', error }]],
  ])('%s', async (_what, before, transitions) => {
    const [quick, slow] = [await owned(before), await owned(before)];
    const planned = planStatement(quick, quick.runnerId, transitions);
    const after = planned && (await run(database.pool, planned));
    await slowly(slow, transitions);
    const [left, right] = [await rowsOf(quick.id), await rowsOf(slow.id)];
    const releases = after && isAtRest(after) ? 1 : 0; // a transaction of its own, which counts the version once more
    expect(left).toEqual({
      ...right,
      chat: { ...right.chat, snapshot_version: right.chat.snapshot_version - releases },
    });
    const [read] = await readChats(database.pool, [quick.id]);
    expect({ ...after, deadlineInMs: 0 }).toEqual({ ...read, deadlineInMs: 0 });
  });
});

describe('nothing at all', () => {
  const turn: Transition[] = [step, { name: 'finishTurn' }];
  const byHand = (sql: string) => (id: string) => database.pool.query(sql, [id]);
  test.each<[what: string, change: (id: string) => Promise<unknown>]>([
    ['a message waits in the queue', (id) => store.apply(id, { name: 'send', message })],
    ['a person interrupted', (id) => store.apply(id, { name: 'interrupt' })],
    ['the history moved', (id) => store.apply(id, { name: 'commitStep', messages: [answer] })],
    ['another runner has the chat', byHand('UPDATE chats SET runner_id = gen_random_uuid() WHERE id = $1')],
    ['nobody has the chat', byHand('UPDATE chats SET runner_id = NULL WHERE id = $1')],
    ['the chat is archived', byHand('UPDATE chats SET archived = true WHERE id = $1')],
    [
      'a message was queued by hand, under a version that is not new',
      byHand(`WITH old AS (UPDATE chats SET queue_version = snapshot_version WHERE id = $1)
        INSERT INTO chat_queued_messages (chat_id, content, position, created_by) VALUES ($1, '[]', 1, gen_random_uuid())`),
    ],
    ['the chat is gone', byHand('DELETE FROM chats WHERE id = $1')],
  ])('if %s', async (_what, change) => {
    const seen = await owned([]);
    await change(seen.id);
    const before = await rowsOf(seen.id);
    const now = (await readChats(database.pool, [seen.id]))[0] ?? seen;
    const planned = planStatement({ ...seen, queueVersion: seen.queueVersion }, seen.runnerId, turn);
    expect(planned && (await run(database.pool, planned))).toBeUndefined();
    // A queue that was changed without a version of its own is seen as well.
    const sameVersion = planStatement({ ...seen, queueVersion: now.queueVersion }, seen.runnerId, turn);
    expect(sameVersion && (await run(database.pool, sameVersion))).toBeUndefined();
    expect(await rowsOf(seen.id)).toEqual(before);
  });
});

test('transitions that need the queue or other rows are not planned, nor those that the state refuses', async () => {
  const chat = await owned([{ name: 'send', message }]);
  const plan = (state: Partial<ChatState>, ...transitions: Transition[]) =>
    planStatement({ ...chat, ...state }, chat.runnerId, transitions);
  expect(plan({}, step, { name: 'finishTurn' })).toBeUndefined();
  expect(plan({ status: 'requires_action' }, { name: 'cancelRequiresAction' })).toBeUndefined();
  expect(plan({ status: 'waiting' }, step)).toBeUndefined();
  expect(plan({}, { name: 'recordGenerationAttempt' }, step)).toBeUndefined();
  expect(plan({}, { name: 'abandon', leavesLease: true })).toBeUndefined();
});

describe('a turn ends all the same', () => {
  const finish = (chat: ChatState & { runnerId: string }): Promise<WriteOutcome> =>
    store.applyFenced(chat.id, { ...fenceOf(chat), seen: chat }, step, { name: 'finishTurn' });

  test('if the database refuses to let go of the lease', async () => {
    const chat = await owned([]);
    await database.pool.query(`
      CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'kept'; END $$;
      CREATE TRIGGER keep BEFORE DELETE ON chat_heartbeats FOR EACH ROW EXECUTE FUNCTION keep()`);
    const outcome = await finish(chat).finally(() => database.pool.query('DROP FUNCTION keep CASCADE'));
    expect(outcome).toMatchObject({ kind: 'done', chat: { status: 'waiting', runnerId: chat.runnerId } });
    expect(await rowsOf(chat.id)).toMatchObject({ leases: 1, messages: { length: 3 } });
  });

  test('if somebody holds the lease, which is left behind', async () => {
    const chat = await owned([]);
    const lock = 'SELECT FROM chat_heartbeats WHERE chat_id = $1 FOR UPDATE';
    const outcome = await whileHolding(database.pool, lock, [chat.id], () => finish(chat));
    expect(outcome).toMatchObject({ kind: 'done', chat: { status: 'waiting', runnerId: null } });
    expect(await rowsOf(chat.id)).toMatchObject({ leases: 1, messages: { length: 3 } });
  });

  test('with what was queued meanwhile at its head', async () => {
    const chat = await owned([]);
    await store.apply(chat.id, { name: 'send', message });
    expect(await finish(chat)).toMatchObject({ kind: 'done', chat: { status: 'running', runnerId: chat.runnerId } });
    expect(await rowsOf(chat.id)).toMatchObject({ leases: 1, messages: { length: 4 } });
  });
});

test('a turn of one step takes five round trips, and none of them is inside of a transaction', async () => {
  const proxy = await startPostgresProxy(database.url);
  try {
    await startReplica({ databaseUrl: proxy.url, acquisitionIntervalSeconds: 600, heartbeatIntervalSeconds: 600 });
    const turn = async () => {
      const { id } = await store.create({ ownerId, text: 'hello' });
      await waitFor(id, (chat) => chat.status === 'waiting' && chat.workerId === null);
    };
    await turn();
    const before = proxy.statements.length;
    for (let turns = 0; turns < 10; turns += 1) await turn();
    const statements = proxy.statements.slice(before);
    expect(statements.filter((text) => /BEGIN|COMMIT|SET /.test(text) && !text.includes('UPDATE'))).toEqual([]);
    expect(statements.length).toBeLessThanOrEqual(50);
  } finally {
    await proxy.close();
  }
});

test('an attempt is counted together with the reading of the history that it is for', async () => {
  const chat = await owned([]);
  const begun = await store.begin(chat, chat.runnerId);
  expect(begun?.chat).toMatchObject({ generationAttempt: 1, snapshotVersion: chat.snapshotVersion + 1 });
  const { rows } = await database.pool.query('SELECT id, role::text, content FROM chat_messages WHERE chat_id = $1', [
    chat.id,
  ]);
  expect(begun?.rows).toEqual(rows);
  await store.apply(chat.id, { name: 'interrupt' });
  expect(await store.begin(chat, chat.runnerId)).toBeUndefined();
});
