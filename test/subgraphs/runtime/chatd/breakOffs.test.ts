/** Work that the database refuses for good: it pauses longer each time, shows from outside, and ends. */
import { randomUUID } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { brokeOff, NEVER, pauseMs } from '../../../../subgraphs/runtime/chatd/breakOffs.ts';
import { ChatStore } from '../../../../subgraphs/runtime/chatd/chatStore.ts';
import { failureName, mayPass } from '../../../../subgraphs/runtime/chatd/databaseFailure.ts';
import { storableJson } from '../../../../subgraphs/runtime/chatd/storable.ts';
import { chatWaits } from '../../../support/chatWaits.ts';
import { databasePerFile } from '../../../support/database.ts';
import { askReplica, replicasPerTest } from '../../../support/replica.ts';
import { until } from '../../../support/until.ts';

const database = databasePerFile();
const startReplica = replicasPerTest(() => database.url);
const ownerId = randomUUID();
let store: ChatStore;
beforeAll(async () => {
  store = new ChatStore(database.pool);
  await database.pool.query(`
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'a secret'; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON chat_messages FOR EACH ROW WHEN (NEW.role = 'assistant')
      EXECUTE FUNCTION refuse()`);
});
beforeEach(async () => {
  await database.pool.query('TRUNCATE chats CASCADE');
});

const waitFor = chatWaits(() => database.pool);

interface Broken {
  readonly breakOffs: number;
  readonly lastBreakOff: string;
}

async function taskOf(replica: { url: string; workerId: string }, chatId: string): Promise<Broken | undefined> {
  const selection = '... on ChatRuntime { runners { activeTask { breakOffs lastBreakOff } } }';
  const { body } = await askReplica(replica, selection, [
    { __typename: 'ChatRuntime', chatId, workerId: replica.workerId },
  ]);
  const [chat] = (body.data?._entities ?? []) as { runners: { activeTask: Broken | null }[] }[];
  return chat?.runners[0]?.activeTask ?? undefined;
}

const REFUSED =
  'the database has a trigger that refuses the row (P0001); see which trigger refuses the row, and correct the trigger or the row';

describe('a turn whose answer the database refuses', () => {
  test('breaks off, says so, and fails after the third time with what Postgres calls it, and nothing else', async () => {
    const replica = await startReplica();
    const { id } = await store.create({ ownerId, text: 'a secret' });
    const seen = await until('the task was broken off twice', async () => {
      const task = await taskOf(replica, id);
      return task?.breakOffs === 2 ? task : undefined;
    });
    expect(seen).toEqual({ breakOffs: 2, lastBreakOff: 'P0001' });
    const chat = await waitFor(id, (now) => now.status === 'error' && now.workerId === null);
    expect(chat.generationAttempt).toBe(3);
    const { rows } = await database.pool.query('SELECT last_error FROM chats WHERE id = $1', [id]);
    expect(rows[0]?.last_error).toEqual({
      kind: 'internal',
      message: `The turn broke off 3 times: ${REFUSED}`,
      provider: 'chatd',
      status_code: null,
      retryable: false,
    });
    const metrics = await (await fetch(`${replica.url}/metrics`)).text();
    expect(metrics).toContain('chat_debug_task_break_offs 3');
    expect(metrics).toContain('chat_debug_read_only 0');
  });

  test('breaks off as often as a step may have calls, if that is less', async () => {
    await startReplica({ maxAttempts: 1 });
    const { id } = await store.create({ ownerId, text: 'hello' });
    const chat = await waitFor(id, (now) => now.status === 'error');
    expect(chat.generationAttempt).toBe(1);
    const { rows } = await database.pool.query('SELECT last_error FROM chats WHERE id = $1', [id]);
    expect(rows[0]?.last_error).toMatchObject({ kind: 'internal', message: `The turn broke off once: ${REFUSED}` });
  });

  test('that a person interrupts ends without what was streamed', async () => {
    await startReplica();
    const { id } = await store.create({ ownerId, text: '/stall' });
    await waitFor(id, (chat) => chat.generationAttempt === 1);
    await store.apply(id, { name: 'interrupt' });
    await waitFor(id, (chat) => chat.status === 'waiting' && chat.workerId === null);
    const { rows } = await database.pool.query('SELECT role::text FROM chat_messages WHERE chat_id = $1', [id]);
    expect(rows).toEqual([{ role: 'user' }]);
  });
});

test('a turn whose failure cannot be written asks the model no more, and ends with that failure once it can', async () => {
  await database.pool.query(`
    CREATE TRIGGER refuse_end BEFORE UPDATE OF status ON chats FOR EACH ROW WHEN (new.status = 'error')
      EXECUTE FUNCTION refuse()`);
  const replica = await startReplica({ maxAttempts: 1 });
  const { id } = await store.create({ ownerId, text: '/fail' });
  await until('the task was broken off three times', async () => ((await taskOf(replica, id))?.breakOffs ?? 0) >= 3);
  await database.pool.query('DROP TRIGGER refuse_end ON chats');
  const chat = await waitFor(id, (now) => now.status === 'error');
  expect(chat.generationAttempt).toBe(1);
  const { rows } = await database.pool.query('SELECT last_error FROM chats WHERE id = $1', [id]);
  expect(rows[0]?.last_error).toMatchObject({ kind: 'overloaded', provider: 'built-in' });
});

test('the pause before work is begun again doubles from 1 s to 60 s, except before the try that gives up', () => {
  let breakOffs = NEVER;
  const pauses = Array.from({ length: 9 }, () => {
    breakOffs = brokeOff(breakOffs, new Error('no'));
    return pauseMs(breakOffs, 0.5);
  });
  expect(pauses).toEqual([1_000, 2_000, 0, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  expect(breakOffs).toEqual({ count: 9, last: 'Error' });
});

test.each([
  ['25006', 'READ_ONLY', true],
  ['55P03', 'LOCKED', true],
  ['57P01', 'CONNECTION_LOST', true],
  ['53300', 'TOO_MANY_CONNECTIONS', true],
  ['53100', 'DISK_FULL', true],
  ['ECONNREFUSED', 'CONNECTION_LOST', true],
  ...[
    'EMFILE',
    'ENFILE',
    'EADDRNOTAVAIL',
    'EHOSTDOWN',
    'ENETDOWN',
    'EPROTO',
    'CERT_HAS_EXPIRED',
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ].map((code) => [code, 'CONNECTION_LOST', true] as const),
  ['22P05', '22P05', false],
  ['23514', '23514', false],
  ['42501', '42501', false],
])('an error with the code %s is called %s', (code, name, passes) => {
  const error = Object.assign(new Error('with a secret'), { code });
  expect([failureName(error), mayPass(error)]).toEqual([name, passes]);
});

test('what the driver says of a connection without a code is known, and any other error is called by its class', () => {
  const lost = ['Connection terminated unexpectedly', 'timeout exceeded when trying to connect', 'Query read timeout'];
  expect(lost.map((message) => failureName(new Error(message)))).toEqual(lost.map(() => 'CONNECTION_LOST'));
  expect([failureName(new TypeError('a secret')), mayPass(new TypeError('a secret'))]).toEqual(['TypeError', false]);
});

test('any text at all can be stored as JSON, and text that Postgres takes is stored as it is', async () => {
  const text = fc.string({
    unit: fc.oneof(fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code))),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.dictionary(text, text)), async (value) => {
      await database.pool.query('SELECT $1::jsonb', [storableJson(value)]);
    }),
  );
  const whole = { 'kéy \u{1f600}': ['\ufffd', '\u{1f600}', null, 1.5, true, { inner: '\\u0000' }] };
  expect(JSON.parse(storableJson(whole))).toEqual(whole);
  expect(storableJson({ 'a\0': 'b\ud800c' })).toBe('{"a\ufffd":"b\ufffdc"}');
});
