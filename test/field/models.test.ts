/** Faults of models and their servers: the worker goes on, and the diagnosis names them. */
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { systemClock } from '../../common/clock.ts';
import { TransitionRefused } from '../../domain/transitions.ts';
import { insertChat } from '../subgraphs/database/support/rows.ts';
import {
  type Answer,
  calls,
  chunk,
  DONE,
  frame,
  modelServerPerFile,
  refuses,
  says,
  stream,
} from '../support/modelServer.ts';
import { oddAnswers } from './models/oddAnswers.ts';
import { refusals } from './models/refusals.ts';
import { turnsOf } from './models/turns.ts';
import { essenceOf, WELL, wordsOf } from './support/diagnosed.ts';
import { eventually } from './support/eventually.ts';
import { systemOfFile } from './support/systemOfFile.ts';

jest.setTimeout(120_000);

const MAX_ATTEMPTS = 3;
const LOOP_STEPS = 5;
const MAX_STEPS = 150;
/** Answer of a web page, not of an API. */
const HTML = '<!doctype html><html><head><title>Sign in</title></head><body>Sign in</body></html>';
const API_KEY = 'sk-a-key-that-no-row-and-no-answer-may-hold';

const model = modelServerPerFile();
const field = systemOfFile(() => ({
  MODEL: model.setting,
  MODEL_API_KEY: API_KEY,
  RETRY_MAX_ATTEMPTS: String(MAX_ATTEMPTS),
  MAX_STEPS: String(MAX_STEPS),
  LOOP_STEPS: String(LOOP_STEPS),
  REQUIRES_ACTION_TIMEOUT_SECONDS: '1',
}));
afterEach(async () => {
  await endRunningChats();
  expect(model.faults).toEqual([]); // whatever happened, no provider would refuse what it is asked
});

/** A chat that goes on for ever would take time from the tests after it. */
async function endRunningChats(): Promise<void> {
  const running = `SELECT id FROM chats WHERE status IN ('running', 'requires_action')`;
  const { rows } = await field.pool.query<{ id: string }>(running);
  for (const { id } of rows) {
    await field.store.apply(id, { name: 'interrupt' }).catch((error: unknown) => {
      if (!(error instanceof TransitionRefused)) throw error; // it ended meanwhile
    });
  }
}

const { afterTurn, lastError, rolesOf } = turnsOf(field, model);
const callsOf = (text: string) => model.requests(text).length;
/** A step that ends without a word. */
const ends = (reason: string, ...before: string[]): Answer => stream(...before, chunk({}, reason), DONE);

describe('2: a model that ends steps with tool_calls and no call', () => {
  test('does not keep the worker calling: the turn ends, and is said to have no answer', async () => {
    const text = 'a step with no call';
    const { end } = await afterTurn(text, () => ends('tool_calls'));
    expect(callsOf(text)).toBeLessThanOrEqual(MAX_ATTEMPTS);
    expect(end.severities).toMatchObject({ UNANSWERED: 'WARNING' });
    expect(end.summary).not.toContain('nobody has to act');
  });

  test('as an older worker beside this one makes it, attempts that rise without a retry are SPINNING', async () => {
    const text = 'an answer that never begins';
    model.answer(text, () => ({ ...stream(), end: 'silent' }));
    const id = await field.create(text);
    await eventually(
      'the model is called',
      () => callsOf(text),
      (count) => count === 1,
    );
    await field.pool.query(
      'UPDATE chats SET generation_attempt = 683, snapshot_version = snapshot_version + 1 WHERE id = $1',
      [id],
    );
    const seen = await field.found(id, 'SPINNING');
    expect(seen).toMatchObject({ verdict: 'STUCK', severities: { SPINNING: 'CRITICAL' } });
    expect(wordsOf(seen, 'SPINNING')).toContain('683');
    expect(await field.suspects()).toContain(id);
  });
});

test('3: a model that calls a tool for ever is LOOPING, critical once the person waits behind it, and ends at the limit of steps', async () => {
  const text = 'a tool for ever';
  model.answer(text, () => calls('current_time'));
  const id = await field.create(text);
  const loops = await field.found(id, 'LOOPING');
  expect(loops).toMatchObject({ verdict: 'WORKING', severities: { LOOPING: 'WARNING' } });
  expect(wordsOf(loops, 'LOOPING')).toMatch(/\d+ steps/);

  await field.send(id, 'are you there?');
  await field.send(id, 'hello?');
  await field.pool.query(`UPDATE chat_queued_messages SET created_at = now() - interval '61 s' WHERE chat_id = $1`, [
    id,
  ]);
  const waited = await field.diagnosed(id, 'the person waits', ({ severities }) => severities.LOOPING === 'CRITICAL');
  expect(waited.verdict).toBe('STUCK');
  expect(wordsOf(waited, 'LOOPING')).toMatch(/2 queued messages wait/);

  const end = await field.diagnosed(
    id,
    'the turn ends at the limit',
    ({ executionState }) => executionState === 'E1',
    60_000,
  );
  expect(end).toMatchObject({ verdict: 'FAILED', severities: { QUEUE_BLOCKED: 'CRITICAL', ERRORED: 'WARNING' } });
  expect(await lastError(id)).toMatchObject({ kind: 'step_limit' });
  expect(callsOf(text)).toBeLessThanOrEqual(MAX_STEPS);
});

describe('5: a turn that ends without an answer', () => {
  test.each([
    ['an empty answer', ends('stop'), /wrote no text/],
    ['an answer that a filter held back', ends('content_filter'), /held the answer back/],
    [
      'reasoning that took all there was',
      ends('length', chunk({ role: 'assistant', reasoning_content: 'Let me think.' })),
      /limit of length/,
    ],
  ])('is said to: %s', async (text, answer, why) => {
    const { id, end } = await afterTurn(text, () => answer);
    expect(end).toMatchObject({ executionState: 'W', severities: { UNANSWERED: 'WARNING' } });
    expect(wordsOf(end, 'UNANSWERED')).toMatch(why);
    expect(callsOf(text)).toBe(1);
    expect(await field.suspects()).toContain(id);
  });

  test.each(['stop', 'length'])(
    'goes on after a tool call with finish reason %s: the model sees the result',
    async (reason) => {
      const text = `a tool call that ends with ${reason}`;
      const { id, end } = await afterTurn(text, (call) =>
        call === 0 ? calls('current_time', reason) : says('It is late.'),
      );
      expect(essenceOf(end)).toEqual(WELL);
      expect(await rolesOf(id)).toEqual(['user', 'assistant', 'tool', 'assistant']);
    },
  );
});

describe('6: an error in mid-stream', () => {
  test('a context that is too long keeps the provider’s words, is not called again, and the advice is not to try again', async () => {
    const text = 'a prompt that is too long';
    const words = 'Prompt is too long: 250000 tokens > 200000 maximum';
    const { id, end } = await afterTurn(text, () =>
      stream(
        frame({ error: { message: words, type: 'invalid_request_error', code: 'context_length_exceeded' } }),
        DONE,
      ),
    );
    expect(callsOf(text)).toBe(1);
    expect(await lastError(id)).toMatchObject({
      kind: expect.stringMatching(/context/),
      message: expect.stringContaining('Prompt is too long'),
      retryable: false,
    });
    expect(end).toMatchObject({ executionState: 'E0', verdict: 'FAILED' });
    expect(wordsOf(end, 'ERRORED')).toMatch(/edit an earlier message/i);
    expect(wordsOf(end, 'ERRORED')).not.toContain('try again');
  });
});

describe('11: an assistant row with a tool call and no result', () => {
  test('does not fail every later turn: the open call is closed before the model is asked', async () => {
    const text = 'a call left open';
    const id = await field.createAtRest(text);
    const content = [{ type: 'tool-call', toolCallId: 'call-lost', toolName: 'current_time', input: {} }];
    await field.pool.query(`INSERT INTO chat_messages (chat_id, role, content) VALUES ($1, 'assistant', $2)`, [
      id,
      JSON.stringify(content),
    ]);
    const open = await field.chat<object>(id, 'database { openCalls { id toolName timesUnanswered } }');
    expect(open).toEqual({
      database: { openCalls: [{ id: 'call-lost', toolName: 'current_time', timesUnanswered: 1 }] },
    });
    await field.send(id, 'and now?');
    const end = await field.diagnosed(id, 'the turn ends', ({ executionState }) => !executionState.startsWith('R'));
    expect(essenceOf(end)).toEqual(WELL);
    expect(await rolesOf(id)).toEqual(['user', 'assistant', 'assistant', 'user', 'tool', 'assistant']);
  });
});

describe('12: a failure that trying again does not help', () => {
  test.each([
    [
      400,
      { message: `This model's maximum context length is 128000 tokens.`, code: 'context_length_exceeded' },
      /edit an earlier message/i,
    ],
    [401, { message: `Incorrect API key provided: ${API_KEY}`, code: 'invalid_api_key' }, /key/],
  ])(
    '%i: the advice says what does, and the chat is in the list of those that are stuck',
    async (status, error, advice) => {
      const text = `a refusal with ${status}`;
      const { id, end } = await afterTurn(text, () => refuses(status, error));
      expect(callsOf(text)).toBe(1);
      expect(end).toMatchObject({ executionState: 'E0', verdict: 'FAILED', severities: { ERRORED: 'WARNING' } });
      expect(wordsOf(end, 'ERRORED')).toMatch(advice);
      expect(wordsOf(end, 'ERRORED')).not.toContain('try again');
      expect(await lastError(id)).toMatchObject({ status_code: status, retryable: false });
      expect(JSON.stringify(await lastError(id))).not.toContain(API_KEY);
      expect(await field.suspects()).toContain(id);
      const { code, stdout } = await field.chatDebug('stuck');
      expect({ code, listed: stdout.includes(id.slice(0, 8)) }).toEqual({ code: 1, listed: true });
    },
  );
});

test('19: a model that calls a tool nobody has, again and again: the tool is named, and how often', async () => {
  const text = 'a tool that nobody has';
  model.answer(text, () => calls('fetch_weather'));
  const id = await field.create(text);
  const seen = await field.found(id, 'CALL_UNANSWERED');
  expect(seen).toMatchObject({ executionState: 'A0', verdict: 'WAITING', severities: { CALL_UNANSWERED: 'WARNING' } });
  expect(wordsOf(seen, 'CALL_UNANSWERED')).toMatch(/fetch_weather/);
  const { database } = await field.chat<{ database: { openCalls: { toolName: string; timesUnanswered: number }[] } }>(
    id,
    'database { openCalls { toolName timesUnanswered } }',
  );
  expect(database.openCalls).toMatchObject([{ toolName: 'fetch_weather' }]);
  expect(await field.suspects()).toContain(id);
});

describe('26: a server that does not answer as an API does', () => {
  test('a connection that is reset in mid-stream is the network’s, and is tried again', async () => {
    const text = 'a connection that breaks';
    const { id, end } = await afterTurn(text, () => ({
      ...stream(chunk({ role: 'assistant', content: 'The ans' })),
      end: 'reset',
    }));
    expect(callsOf(text)).toBe(MAX_ATTEMPTS);
    expect(end.executionState).toBe('E0');
    expect(await lastError(id)).toMatchObject({ kind: 'network', status_code: null, retryable: true });
    expect(wordsOf(end, 'ERRORED')).toContain('Retry the turn.');
  });

  test('a page of HTML with status 200 is said to be one', async () => {
    const { id, end } = await afterTurn('a page to sign in', () => ({
      headers: { 'content-type': 'text/html' },
      body: [HTML],
    }));
    expect(end).toMatchObject({ executionState: 'E0', verdict: 'FAILED' });
    expect((await lastError(id)).message).toMatch(/HTML/);
    expect((await lastError(id)).message).not.toContain('Sign in');
  });
});

describe('28: 429 with Retry-After', () => {
  const inTwoMinutes = () => new Date(systemClock.now().getTime() + 120_000).toUTCString();
  test.each([
    ['in seconds', () => '120'],
    ['as a date', inTwoMinutes],
  ])('%s: the worker waits as told, and the row says until when', async (form, retryAfter) => {
    const text = `too many requests, ${form}`;
    model.answer(text, () => refuses(429, { message: 'Rate limit reached' }, { 'retry-after': retryAfter() }));
    const id = await field.create(text);
    const seen = await field.found(id, 'RETRY_BACKOFF');
    expect(seen).toMatchObject({ executionState: 'R0', verdict: 'WAITING', severities: { RETRY_BACKOFF: 'INFO' } });
    const { database } = await field.chat<{ database: { retrySecondsLeft: number } }>(
      id,
      'database { retrySecondsLeft }',
    );
    expect(database.retrySecondsLeft).toBeGreaterThan(90);
    expect(database.retrySecondsLeft).toBeLessThanOrEqual(145);
    expect(callsOf(text)).toBe(1);
  });
});

test('5: a person’s message that nobody answers, with the row at rest, is not the person’s move', async () => {
  const id = await insertChat(field.pool, { title: 'lost', updated_at: `now() - interval '1 minute'` });
  await field.pool.query(
    `INSERT INTO chat_messages (chat_id, role, content, created_at) VALUES ($1, 'user', $2, now() - interval '1 minute')`,
    [id, JSON.stringify([{ type: 'text', text: 'anybody?' }])],
  );
  const seen = await field.diagnose(id);
  expect(seen).toMatchObject({ executionState: 'W', verdict: 'STUCK', severities: { UNANSWERED: 'CRITICAL' } });
  expect(await field.suspects()).toContain(id);
});

oddAnswers(field, model);
refusals(field, model);
