/** Faults of model servers that people meet, each by name: over HTTP, with a real worker on a real database. */

import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../../common/clock.ts';
import { executionState } from '../../../../domain/executionState.ts';
import { type LastError, textContent } from '../../../../domain/messages.ts';
import { ChatStore } from '../../../../subgraphs/runtime/chatd/chatStore.ts';
import { LEFT_OPEN, NOBODY_ANSWERED } from '../../../../subgraphs/runtime/chatd/openCalls.ts';
import { chatWaits } from '../../../support/chatWaits.ts';
import { databasePerFile } from '../../../support/database.ts';
import { manualClock } from '../../../support/manualClock.ts';
import {
  type Answer,
  calls,
  chunk,
  DONE,
  frame,
  modelServerPerFile,
  type Plan,
  refuses,
  says,
  stream,
} from '../../../support/modelServer.ts';
import { askReplica, replicasPerTest } from '../../../support/replica.ts';
import { until } from '../../../support/until.ts';

const database = databasePerFile();
const server = modelServerPerFile();
const startReplica = replicasPerTest(() => database.url);
const ownerId = randomUUID();
let store: ChatStore;
beforeAll(() => {
  store = new ChatStore(database.pool);
});
beforeEach(async () => {
  await database.pool.query('TRUNCATE chats CASCADE'); // the replica of the test before has left its chats to be taken
});

const start = (changes: Parameters<typeof startReplica>[0] = {}) =>
  startReplica({ model: server.setting, maxAttempts: 2, ...changes });

/** A chat that is answered so; what comes after the last answer is the last answer. */
async function chat(...answers: Answer[]) {
  return planned((call) => answers[Math.min(call, answers.length - 1)] ?? says('nothing'));
}
async function planned(plan: Plan) {
  const text = `hello ${randomUUID()}`;
  server.answer(text, plan);
  const { id } = await store.create({ ownerId, text });
  return { id, requests: () => server.requests(text), answer: (next: Plan) => server.answer(text, next) };
}

const waitFor = chatWaits(() => database.pool);
const rest = async (id: string) =>
  executionState(await waitFor(id, ({ status }) => status === 'waiting' || status === 'error'));

async function rows(id: string) {
  const { rows: found } = await database.pool.query<{ role: string; content: unknown; finish: string | null }>(
    'SELECT role::text, content, finish_reason AS finish FROM chat_messages WHERE chat_id = $1 ORDER BY id',
    [id],
  );
  return found;
}
const brief = async (id: string) => (await rows(id)).map(({ role, finish }) => `${role} ${finish ?? ''}`.trim());

async function lastError(id: string): Promise<LastError> {
  const { rows: found } = await database.pool.query<{ error: LastError }>(
    'SELECT last_error AS error FROM chats WHERE id = $1',
    [id],
  );
  return found[0]?.error as LastError;
}
/** The replica's memory of the chat, as its subgraph says it; undefined: nothing yet. */
async function inMemory<T>(
  replica: Parameters<typeof askReplica>[0],
  chatId: string,
  selection: string,
): Promise<T | undefined> {
  const key = { __typename: 'ChatRuntime', chatId, workerId: replica.workerId };
  const { body } = await askReplica(replica, `... on ChatRuntime { ${selection} }`, [key]);
  const [found] = (body.data?._entities ?? []) as T[];
  return found;
}
const send = (id: string, text: string) =>
  store.apply(id, { name: 'send', message: { content: textContent(text), createdBy: ownerId } });

describe('a turn', () => {
  test.each([
    ['tool calls, and no call', stream(chunk({}, 'tool_calls'), DONE), 'tool-calls'],
    ['an empty answer', stream(chunk({ content: '' }), chunk({}, 'stop'), DONE), 'stop'],
    ['a content filter', stream(chunk({}, 'content_filter'), DONE), 'content-filter'],
    [
      'reasoning until the length is used up',
      stream(chunk({ reasoning_content: 'hm' }), chunk({}, 'length'), DONE),
      'length',
    ],
    ['a reason that nobody knows', stream(chunk({}, 'eos'), DONE), 'other'],
  ])('ends after %s, its reason is kept, and the next one goes well', async (_what, answer, reason) => {
    await start();
    const { id, requests } = await chat(answer, says('there you are'));
    expect(await rest(id)).toBe('W');
    expect(await brief(id)).toEqual(['user', `assistant ${reason}`]);
    expect(requests()).toHaveLength(1);

    await send(id, 'well?');
    expect(await rest(id)).toBe('W');
    expect(requests()[1]?.map(({ role }) => role)).toEqual(['user', 'user']);
    expect((await rows(id)).at(-1)?.content).toEqual(textContent('there you are'));
    expect(server.faults).toEqual([]);
  });

  test.each(['stop', 'length', 'content_filter', 'eos'])(
    'goes on after a call of an own tool that ends with %s',
    async (reason) => {
      await start();
      const { id, requests } = await chat(calls('add_numbers', reason, '{"a":20,"b":22}'), says('42'));
      expect(await rest(id)).toBe('W');
      expect(JSON.stringify(requests()[1]?.at(-1))).toContain('42');
      expect((await brief(id)).slice(2)).toEqual(['tool', 'assistant stop']);
    },
  );

  test.each(['stop', 'length'])('waits for a tool outside that is called with the reason %s', async (reason) => {
    await start();
    const { id } = await chat(calls('ask_person', reason));
    expect(executionState(await waitFor(id, ({ status }) => status === 'requires_action'))).toBe('A0');
  });

  test('has at most so many calls, one that its owner did not end and whoever makes them included, and the person can begin another', async () => {
    const first = await start({ maxSteps: 4 });
    const { id, requests, answer } = await planned((call) =>
      call < 2 ? calls('current_time') : stream(chunk({ content: 'hm' })),
    );
    await until('the model is asked a third time', () => requests().length > 2);
    await first.stop();
    answer(() => calls('current_time'));
    await start({ maxSteps: 4 });
    expect(await rest(id)).toBe('E0');
    expect(await lastError(id)).toMatchObject({ kind: 'step_limit', retryable: false, provider: 'chatd' });
    expect(requests()).toHaveLength(4);
    expect((await brief(id)).filter((row) => row.startsWith('assistant'))).toHaveLength(3);
    answer(() => says('done'));
    await send(id, 'stop that');
    expect(await rest(id)).toBe('W');
  });

  test('tells the model that nobody answered a call, and goes on', async () => {
    await start({ actionTimeoutSeconds: 0.2 });
    const { id, requests } = await chat(calls('no_such_tool'), says('never mind'));
    expect(await rest(id)).toBe('W');
    expect(requests()[1]?.at(-1)?.content).toBe(NOBODY_ANSWERED);
  });

  test('that finds a call without a result closes it before it asks the model', async () => {
    const { id, requests } = await chat(says('here I am'));
    await store.apply(
      id,
      {
        name: 'commitStep',
        messages: [
          { role: 'assistant', content: [{ type: 'tool-call', toolCallId: 'lost', toolName: 'ask', input: {} }] },
        ],
      },
      { name: 'finishTurn' },
    );
    await send(id, 'are you there?');
    await start();
    expect(await rest(id)).toBe('W');
    expect(await brief(id)).toEqual(['user', 'assistant', 'user', 'tool', 'assistant stop']);
    expect(requests().map((messages) => messages.map(({ role }) => role))).toEqual([
      ['user', 'assistant', 'tool', 'user'],
    ]);
    expect(requests()[0]?.[2]?.content).toBe(LEFT_OPEN);
  });

  test.each<[string, string]>([
    ['whose result was deleted', `UPDATE chat_messages SET deleted = true WHERE chat_id = $1 AND role = 'tool'`],
    ['whose result lost its content', `UPDATE chat_messages SET content = NULL WHERE chat_id = $1 AND role = 'tool'`],
    [
      'whose result names another call',
      `UPDATE chat_messages SET content = jsonb_set(content, '{0,toolCallId}', '"other"') WHERE chat_id = $1 AND role = 'tool'`,
    ],
    [
      'whose result is there twice',
      `INSERT INTO chat_messages (chat_id, role, content) SELECT chat_id, role, content FROM chat_messages WHERE chat_id = $1 AND role = 'tool'`,
    ],
  ])('goes well after a call %s by hand', async (_what, sql) => {
    await start();
    const { id, answer } = await chat(calls('current_time'), says('noon'));
    expect(await rest(id)).toBe('W');
    await database.pool.query(sql, [id]);
    answer(() => says('midnight'));
    await send(id, 'and now?');
    expect(await rest(id)).toBe('W');
    expect((await rows(id)).at(-1)?.content).toEqual(textContent('midnight'));
    expect(server.faults).toEqual([]);
  });

  test('keeps calls apart whose model gives each of them the same id', async () => {
    await start();
    const { id, requests } = await chat(
      calls('current_time'),
      calls('current_time'),
      calls('ask_person'),
      says('done'),
    );
    await waitFor(id, ({ status }) => status === 'requires_action');
    const open = (await rows(id)).at(-1)?.content as { toolCallId: string }[];
    const results = open.map(({ toolCallId }) => ({ toolCallId, output: 'yes' }));
    await store.apply(id, { name: 'completeRequiresAction', results });
    expect(await rest(id)).toBe('W');
    expect(requests()).toHaveLength(4);
    expect(server.faults).toEqual([]);
  });
});

describe('what the model says', () => {
  test('is stored without what jsonb cannot hold, and a pair that was cut arrives whole', async () => {
    await start();
    const { id } = await chat(
      stream(
        chunk({ content: 'a\u0000b \ud83d' }),
        chunk({ content: '\ude00 \ud83d' }),
        chunk({ content: '!' }),
        chunk({}, 'stop'),
        DONE,
      ),
    );
    expect(await rest(id)).toBe('W');
    expect((await rows(id)).at(-1)?.content).toEqual(textContent('a\ufffdb 😀 \ufffd!'));
  });

  test('can be the input of a tool with such text, in names, too', async () => {
    await start();
    const { id } = await chat(calls('ask_person', 'tool_calls', '{"\\u0000":"\\ud800"}'));
    await waitFor(id, ({ status }) => status === 'requires_action');
    expect((await rows(id)).at(-1)?.content).toMatchObject([{ input: { '\ufffd': '\ufffd' } }]);
  });

  test('and Postgres refuses, is a failed attempt like any other', async () => {
    await database.pool.query(
      `ALTER TABLE chat_messages ADD CONSTRAINT no_bees CHECK (content::text NOT LIKE '%buzz%')`,
    );
    const clock = manualClock();
    await start({ clock, staleAfterSeconds: 80_000 });
    const { id, requests } = await chat(says('buzz, buzz'));
    await until('the model is asked a second time', () => {
      clock.advance(500);
      return requests().length === 2;
    });
    expect(await rest(id)).toBe('E0');
    await database.pool.query('ALTER TABLE chat_messages DROP CONSTRAINT no_bees');
    expect(await lastError(id)).toEqual({
      ...{ kind: 'data', provider: 'chatd', status_code: null, retryable: true },
      message: 'What the model said could not be stored (SQLSTATE 23514)',
    });
    expect(await brief(id)).toEqual(['user']);
  });

  test.each([
    ['a list in a list', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['a member in a member', `${'{"a":'.repeat(30_000)}1${'}'.repeat(30_000)}`],
  ])('can be an input too deep to be stored (%s): a failure, not the end of the worker', async (_what, input) => {
    await start({ maxAttempts: 1 });
    const { id, answer } = await chat(calls('ask_person', 'tool_calls', input));
    expect(await rest(id)).toBe('E0');
    expect(await lastError(id)).toMatchObject({ kind: 'data', retryable: true });
    answer(() => says('something simple'));
    await send(id, 'again');
    expect(await rest(id)).toBe('W');
  });

  test('may not be longer than a step may be', async () => {
    await start({ maxAttempts: 1 });
    const mebi = chunk({ content: 'again '.repeat(175_000) });
    const { id } = await chat({ ...stream(...Array<string>(18).fill(mebi)), end: 'silent' });
    expect(await rest(id)).toBe('E0');
    expect(await lastError(id)).toMatchObject({
      kind: 'data',
      message: 'What the model said could not be stored (over 16777216 characters)',
    });
    await until('no answer of the model is under way', () => server.unfinished === 0);
  });

  test('is over where the server says so, even if it leaves the connection open', async () => {
    await start();
    const { id } = await chat({ ...says('the end'), end: 'silent' });
    expect(await rest(id)).toBe('W');
    expect((await rows(id)).at(-1)?.content).toEqual(textContent('the end'));
    await until('no answer of the model is under way', () => server.unfinished === 0);
  });

  test('can speak of the mark of its end', async () => {
    await start();
    const { id } = await chat(says('it ends with\ndata: [DONE]\n\nor so'));
    expect(await rest(id)).toBe('W');
    expect((await rows(id)).at(-1)?.content).toEqual(textContent('it ends with\ndata: [DONE]\n\nor so'));
  });

  test('may be nothing for as long as the person lets it, and is kept when the person interrupts', async () => {
    const replica = await start();
    const { id, requests } = await chat({
      ...stream(chunk({ content: 'half an ' }), chunk({ content: 'answer' })),
      end: 'silent',
    });
    type Buffers = { messageBuffers?: { partsBuffered: number }[] };
    const parts = async () =>
      (await inMemory<Buffers>(replica, id, 'messageBuffers { partsBuffered }'))?.messageBuffers?.[0]?.partsBuffered;
    await until('two parts are buffered', async () => (await parts()) === 2);
    await store.apply(id, { name: 'interrupt' });
    expect(await rest(id)).toBe('W');
    expect((await rows(id)).at(-1)).toEqual({
      role: 'assistant',
      content: textContent('half an answer'),
      finish: 'interrupted',
    });
    expect(requests()).toHaveLength(1);
    await until('no answer of the model is under way', () => server.unfinished === 0);
  });

  test('and Postgres refuses, does not keep an interrupted chat from coming to rest', async () => {
    await database.pool.query(
      `ALTER TABLE chat_messages ADD CONSTRAINT no_bees CHECK (content::text NOT LIKE '%buzz%')`,
    );
    const replica = await start();
    const { id } = await chat({ ...stream(chunk({ content: 'buzz' })), end: 'silent' });
    type Buffers = { messageBuffers?: { partsBuffered: number }[] };
    await until(
      'parts are buffered',
      async () =>
        (await inMemory<Buffers>(replica, id, 'messageBuffers { partsBuffered }'))?.messageBuffers?.[0]?.partsBuffered,
    );
    await store.apply(id, { name: 'interrupt' });
    expect(await rest(id)).toBe('W');
    await database.pool.query('ALTER TABLE chat_messages DROP CONSTRAINT no_bees');
    expect(await brief(id)).toEqual(['user', 'assistant interrupted']);
  });
});

describe('a failure', () => {
  const long = {
    message: 'Prompt is too long: 210000 tokens > 200000 maximum',
    code: 'context_length_exceeded',
    type: 'invalid_request_error',
  };
  const html: Answer = { headers: { 'content-type': 'text/html' }, body: ['<!DOCTYPE html><title>Log in</title>'] };

  test.each<[string, Answer, Partial<LastError>]>([
    [
      'an error in mid-stream',
      stream(chunk({ content: 'I ' }), frame({ error: long })),
      { kind: 'context_length', message: long.message, retryable: false, status_code: null },
    ],
    [
      'the same as a status',
      refuses(400, long),
      { kind: 'context_length', message: long.message, retryable: false, status_code: 400 },
    ],
    [
      'a wrong key',
      refuses(401, { message: 'Incorrect API key provided: sk-abcdefghijkl1234.', code: 'invalid_api_key' }),
      { kind: 'auth', message: 'Incorrect API key provided: [key]', retryable: false },
    ],
    [
      'no credit left',
      refuses(429, { message: 'You exceeded your current quota', code: 'insufficient_quota' }),
      { kind: 'quota', retryable: false, status_code: 429 },
    ],
    [
      'an error as a whole answer',
      {
        headers: { 'content-type': 'application/json' },
        body: ['{"error":{"message":"No such model","code":"model_not_found"}}'],
      },
      { kind: 'bad_request', message: 'No such model', retryable: false },
    ],
    [
      'an error that is mere text',
      stream(frame({ error: 'model runner has stopped' })),
      { kind: 'model', message: 'model runner has stopped' },
    ],
    [
      'an error with a status in the stream',
      stream(frame({ error: { message: 'Provider returned error', code: 502 } })),
      { kind: 'overloaded', status_code: 502, retryable: true },
    ],
    [
      'HTML',
      html,
      {
        kind: 'network',
        status_code: null,
        retryable: true,
        message: 'The server answered HTML in place of a model: is it the right address?',
      },
    ],
    [
      'a redirect to a page',
      { status: 302, headers: { location: '/login' }, body: [] },
      {
        ...{ kind: 'network', status_code: 302 },
        message: 'The server redirects (status 302) in place of a model: is it the right address?',
      },
    ],
    [
      'nothing',
      { status: 204, body: [] },
      {
        ...{ kind: 'network', status_code: 204 },
        message: 'The server answered status 204 without a body: is it the right address?',
      },
    ],
    ...[
      { 'content-type': 'text/event-stream', 'content-encoding': 'br' },
      { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' },
      { 'content-encoding': 'br' },
      { 'content-type': 'application/json', 'content-encoding': 'deflate' },
    ].map((headers): [string, Answer, Partial<LastError>] => [
      `what is said to be encoded and is not, ${JSON.stringify(headers)}`,
      { body: ['{"error":{"message":"no"}}'], headers },
      {
        kind: 'network',
        message: 'The answer could not be decoded: it is not in the content-encoding that the server names',
      },
    ]),
    ['HTML of no type', { body: ['<html></html>'] }, { kind: 'network' }],
    [
      'HTML with a status',
      { ...html, status: 502 },
      { kind: 'overloaded', status_code: 502, message: 'The server answered with status 502, with HTML' },
    ],
    [
      'a reset in mid-stream',
      { ...stream(chunk({ content: 'I ' })), end: 'reset' },
      { kind: 'network', status_code: null, retryable: true },
    ],
    ['an end without a finish', stream(chunk({ content: 'I ' })), { kind: 'network', retryable: true }],
    ['a stream of nothing', stream(), { kind: 'network', retryable: true }],
    [
      'a chunk that is no JSON',
      stream('data: {"choices": "a secret of mine\n\n'),
      { kind: 'model', message: 'The model sent a chunk that is not of the form of the protocol' },
    ],
  ])('%s is told for what it is', async (_what, answer, expected) => {
    await start({ maxAttempts: 1 });
    const { id, requests } = await chat(answer);
    expect(await rest(id)).toBe('E0');
    expect(await lastError(id)).toMatchObject(expected);
    expect(requests()).toHaveLength(1);
  });

  test('in the middle of a stream that goes on does not keep its connection', async () => {
    await start({ maxAttempts: 1 });
    const { id } = await chat({ ...stream(frame({ error: { message: 'no more' } })), end: 'silent' });
    expect(await rest(id)).toBe('E0');
    await until('no answer of the model is under way', () => server.unfinished === 0);
  });

  test('of a chat without a message is told of the history, and not of the model', async () => {
    const { id } = await store.create({ ownerId, text: 'hello' });
    await database.pool.query('UPDATE chat_messages SET content = NULL WHERE chat_id = $1', [id]);
    await start();
    expect(await rest(id)).toBe('E0');
    const message = 'The chat has no message that a model can be called with';
    expect(await lastError(id)).toMatchObject({ kind: 'history', provider: 'chatd', message });
  });

  test('of a server that is not there is told without its address', async () => {
    const gone = createServer();
    await new Promise<void>((done) => gone.listen(0, '127.0.0.1', done));
    const { port } = gone.address() as AddressInfo;
    await new Promise((done) => gone.close(done));
    await startReplica({ model: `openai-compatible:m@http://127.0.0.1:${port}/v1`, maxAttempts: 1 });
    const { id } = await store.create({ ownerId, text: 'hello' });
    expect(await rest(id)).toBe('E0');
    expect(await lastError(id)).toMatchObject({
      kind: 'network',
      message: `The model's server could not be reached (ECONNREFUSED)`,
    });
  });

  test('that asks for two minutes gets them, whoever has the chat, and the row says until when', async () => {
    const clock = manualClock(systemClock.now().getTime()); // a replica asks callers for tokens that are of its own time
    const options = { clock, staleAfterSeconds: 80_000, heartbeatIntervalSeconds: 20_000 };
    const first = await start(options);
    const { id, requests } = await chat(refuses(429, { message: 'slow down' }, { 'retry-after': '120' }), says('here'));
    const due = async () => {
      const { rows: found } = await database.pool.query<{ seconds: number | null }>(
        `SELECT extract(epoch FROM (retry_state ->> 'retrying_at')::timestamptz - updated_at)::float8 AS seconds FROM chats WHERE id = $1`,
        [id],
      );
      return found[0]?.seconds;
    };
    expect(await until('the pause before the next attempt is known', due)).toBe(120);
    await first.stop();

    const second = await start(options);
    type Runners = { runners?: { activeTask?: { attempt: number; secondsUntilRetry: number | null } }[] };
    const selection = 'runners { activeTask { attempt secondsUntilRetry } }';
    const task = async () => {
      const active = (await inMemory<Runners>(second, id, selection))?.runners?.[0]?.activeTask;
      return active?.secondsUntilRetry ? active : undefined;
    };
    const waiting = await until('the task waits', task);
    expect(waiting.attempt).toBe(1);
    expect(waiting.secondsUntilRetry).toBeGreaterThan(60);
    clock.advance(60_000);
    expect(requests()).toHaveLength(1);
    clock.advance(60_000);
    expect(await rest(id)).toBe('W');
    expect(requests()).toHaveLength(2);
  });

  test.each<[string, unknown, number]>([
    ['was edited to a time far away', { retrying_at: '2099-01-01T00:00:00Z' }, 600],
    ['names no time', { retrying_at: 'soon' }, 0],
    ['is infinite', { retrying_at: 'infinity' }, 0],
    ['is of another form', [7], 0],
  ])('whose retry state %s is waited for as long as the worker ever waits', async (_what, state, seconds) => {
    const clock = manualClock();
    const { id, requests } = await chat(says('here'));
    await database.pool.query('UPDATE chats SET generation_attempt = 1 WHERE id = $1', [id]);
    await database.pool.query('UPDATE chats SET retry_state = $2 WHERE id = $1', [id, JSON.stringify(state)]);
    await start({ clock, staleAfterSeconds: 80_000, heartbeatIntervalSeconds: 20_000 });
    await waitFor(id, ({ runnerId }) => runnerId !== null || requests().length > 0); // it may be over by now
    let waited = 0;
    await until('the model is asked', () => {
      if (requests().length > 0) return true;
      clock.advance(seconds > 0 ? 10_000 : 0);
      waited += seconds > 0 ? 10 : 0;
      return false;
    });
    expect(waited).toBeGreaterThanOrEqual(seconds);
    expect(await rest(id)).toBe('W');
  });

  test('is tried again for ever where no limit is set, each time after its pause', async () => {
    const clock = manualClock();
    await start({ clock, maxAttempts: 0, staleAfterSeconds: 80_000, heartbeatIntervalSeconds: 20_000 });
    const pauses = [1, 2, 4, 8, 16, 32, 60, 60, 60];
    const askedAtMs: number[] = [];
    await planned(() => {
      askedAtMs.push(clock.now().getTime());
      return refuses(503, { message: 'no' }, { 'retry-after': '0' });
    });
    for (const [place, seconds] of pauses.entries()) {
      await until(`the model is asked again after ${seconds} s`, () => {
        clock.advance(seconds * 100);
        return askedAtMs.length > place + 1;
      });
      expect((askedAtMs[place + 1] ?? 0) - (askedAtMs[place] ?? 0)).toBeGreaterThanOrEqual(seconds * 1000);
    }
  });

  test('that used up the attempts of a turn leaves it as many again when it is retried', async () => {
    const replica = await start();
    const down = refuses(503, { message: 'no' });
    const { id, requests } = await chat(down, down, down, says('here'));
    expect(await rest(id)).toBe('E0');
    expect(requests()).toHaveLength(2);

    await store.apply(id, { name: 'retry' });
    type Attempts = { runners?: { activeTask: { attempt: number; maxAttempts: number } | null }[] };
    await until('the third attempt is one of four', async () => {
      const found = await inMemory<Attempts>(replica, id, 'runners { activeTask { attempt maxAttempts } }');
      const task = found?.runners?.[0]?.activeTask;
      return task?.attempt === 3 && task.maxAttempts === 4;
    });
    expect(await rest(id)).toBe('W');
    expect(requests()).toHaveLength(4);
  });

  test('that asks for longer than the worker waits ends the turn, and says how long', async () => {
    await start({ maxAttempts: 8 });
    const { id } = await chat(refuses(429, { message: 'Come back tomorrow' }, { 'retry-after': '86400' }));
    expect(await rest(id)).toBe('E0');
    expect(await lastError(id)).toMatchObject({
      ...{ kind: 'rate_limit', retryable: true, status_code: 429 },
      message: 'The provider asks to wait 86400 s, and the worker waits 600 s at most. Come back tomorrow',
    });
  });
});
