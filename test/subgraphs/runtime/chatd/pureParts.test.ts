import { APICallError } from '@ai-sdk/provider';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { systemClock } from '../../../../common/clock.ts';
import { messagesOf, type StreamPart, textContent } from '../../../../domain/messages.ts';
import { retryDelayMs } from '../../../../subgraphs/runtime/chatd/backoff.ts';
import { isRefusal } from '../../../../subgraphs/runtime/chatd/databaseFailure.ts';
import { isTrusted, notRenewed, renewed } from '../../../../subgraphs/runtime/chatd/lease.ts';
import { describeFailure } from '../../../../subgraphs/runtime/chatd/modelErrors.ts';
import { mismatch, openCalls, toolMessage } from '../../../../subgraphs/runtime/chatd/openCalls.ts';

describe('a lease', () => {
  test('is trusted for less than the stale time, counted from the sending, whatever fails meanwhile', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.1, max: 600, noNaN: true }),
        fc.nat(1_200_000),
        fc.nat(20),
        (stale, ageMs, failures) => {
          let lease = renewed(1000, systemClock.now());
          for (let count = 0; count < failures; count += 1) lease = notRenewed(lease, 'LOCKED');
          if (ageMs >= stale * 1000) expect(isTrusted(lease, stale, 1000 + ageMs)).toBe(false);
          if (ageMs < stale * 850) expect(isTrusted(lease, stale, 1000 + ageMs)).toBe(true);
        },
      ),
    );
  });
});

describe('a refusal, after which the connection is as good as before', () => {
  const said = (code: string, severity = 'ERROR') => Object.assign(new Error('no'), { code, severity });

  test.each(['23505', '40P01', '42501', '42P01', '55P03', '57014', 'P0001'])('%s is one, in every language', (code) => {
    for (const severity of ['ERROR', 'FEHLER', 'ERREUR']) expect(isRefusal(said(code, severity))).toBe(true);
  });

  test.each([
    ['26000', 'a prepared statement that the server behind a pooler does not know'],
    ['25006', 'no writes'],
    ...['08006', '25P03', '28P01', '53300', '57P01', '57P03'].map((code) => [code, 'the session is over'] as const),
  ])('%s is none: %s', (code, _why) => {
    for (const severity of ['ERROR', 'FATAL']) expect(isRefusal(said(code, severity))).toBe(false);
  });

  test('what ends the session is none, whatever it says', () => {
    for (const severity of ['FATAL', 'PANIC']) expect(isRefusal(said('40001', severity))).toBe(false);
  });

  test('a statement that is older than its tables is none; another thing that is not supported is one', () => {
    const stale = Object.assign(said('0A000'), { routine: 'RevalidateCachedQuery' });
    expect([isRefusal(stale), isRefusal(said('0A000'))]).toEqual([false, true]);
  });

  test('an error that the server did not send is none', () => {
    expect(isRefusal(new Error('Connection terminated'))).toBe(false);
    expect(isRefusal(Object.assign(new Error('no'), { code: 'EPIPE' }))).toBe(false);
    expect(isRefusal(undefined)).toBe(false);
  });
});

describe('the pause before a retry', () => {
  test('doubles from 1 s to 60 s, 20 % more or less', () => {
    expect([1, 2, 3, 6, 7, 100].map((attempt) => retryDelayMs(attempt, 0.5))).toEqual([
      1000, 2000, 4000, 32000, 60000, 60000,
    ]);
    expect([0, 0.999999].map((random) => retryDelayMs(1, random))).toEqual([800, 1200]);
  });
});

describe('what is left of a step that was cut short', () => {
  const call: StreamPart = { type: 'tool-call', toolCallId: 'a', toolName: 'add_numbers', input: { a: 1, b: 2 } };

  test('is nothing when nothing was streamed', () => {
    expect(messagesOf([])).toEqual([]);
  });

  test('is the text so far', () => {
    const parts: StreamPart[] = ['one ', 'two'].map((text) => ({ type: 'text-delta', text }));
    expect(messagesOf(parts)).toEqual([{ role: 'assistant', content: textContent('one two') }]);
  });

  test('holds the results that there are, and leaves the other calls open', () => {
    const result: StreamPart = { type: 'tool-result', toolCallId: 'a', toolName: 'add_numbers', output: { sum: 3 } };
    const messages = messagesOf([call, { ...call, toolCallId: 'b' }, result]);
    expect(messages.map(({ role }) => role)).toEqual(['assistant', 'tool']);
    expect(messages[1]?.content).toMatchObject([{ toolCallId: 'a', output: { type: 'json', value: { sum: 3 } } }]);
    expect(openCalls(messages)).toEqual([{ toolCallId: 'b', toolName: 'add_numbers' }]);
    expect(openCalls([...messages, toolMessage(openCalls(messages))])).toEqual([]);
  });
});

describe('the answers to open calls', () => {
  const calls = ['a', 'b'].map((toolCallId) => ({ toolCallId, toolName: 'ask' }));
  const answers = (...ids: string[]) => ids.map((toolCallId) => ({ toolCallId, output: 1 }));

  test.each([
    [['a', 'b'], undefined],
    [['a'], 'no result was given for the call b'],
    [['a', 'b', 'c'], 'there is no open call c'],
    [['a', 'a', 'b'], 'a call is answered twice'],
  ])('%j: %s', (ids, wrong) => {
    expect(mismatch(calls, answers(...ids))).toBe(wrong);
  });

  test('content of any other form holds no calls', () => {
    expect(openCalls([{ content: null }, { content: 'text' }, { content: [null, 7, { type: 'tool-call' }] }])).toEqual(
      [],
    );
  });
});

describe('a failure of the model', () => {
  test('is described in at most 500 characters, without bodies', () => {
    const error = new APICallError({
      message: `${'x'.repeat(600)}\nsecond line`,
      url: 'http://127.0.0.1/',
      requestBodyValues: { secret: 'request' },
      responseBody: 'secret answer',
      statusCode: 429,
      isRetryable: true,
    });
    const described = describeFailure(error, 'p');
    expect(described).toEqual({
      kind: 'rate_limit',
      message: 'x'.repeat(500),
      provider: 'p',
      status_code: 429,
      retryable: true,
    });
  });
});
